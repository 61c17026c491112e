import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import { invalid } from '../../admin/read-input.ts';
import type { FileAnswer, ImportAnswer, LinkFileAnswer } from '../answers.ts';
import { fieldViews, type Field } from '../fields.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import { closedTo, fileForm, reasonField, reasonOf, sureField } from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';

const DRY_RUN: Field = {
  ...{ name: 'dry_run', label: 'Look at everything and write nothing', kind: 'check' },
  hint: 'Tells up to 100 lines that are wrong.',
};

const IMPORT: readonly Field[] = [
  { name: 'client', label: 'In the sector of the client', kind: 'text', required: true },
  {
    ...{ name: 'known', label: 'The vendor has these users by their original subject already' },
    kind: 'check',
  },
  DRY_RUN,
];

const LINK: readonly Field[] = [
  {
    ...{ name: 'prefer', label: 'Where both have a pseudonym, the one stays of', kind: 'select' },
    ...{ options: ['', 'old', 'new'], hint: 'By default that is refused.' },
  },
  {
    ...{ name: 'grace_days', label: 'Days for which the old names mean the same users' },
    kind: 'number',
  },
  DRY_RUN,
];

const INITIAL: Readonly<Record<string, string>> = { dry_run: 'true', grace_days: '90' };

/** Files of users: the same batches as by the command, of a bounded size. */
export const SUBJECT_FILE_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/people/import' },
    handle: async (visit) => importPage(visit, html``),
  },
  {
    ...{ method: 'post', path: '/people/import', takesFile: true },
    handle: (visit) =>
      answered(visit, importPage, async () => {
        const path = { client: (visit.form.get('client') ?? '').trim() };
        const body = { ...fileIn(visit), known: isSet(visit, 'known'), ...reasonOf(visit) };
        const done = await valueOf<ImportAnswer>(visit.ask('importSubjectFile', { path, body }));
        const { sector, created, present, erased } = done;
        const counts = html`<p>
          ${sector}: users ${done.dry_run ? 'that would be imported' : 'imported'}: ${created};
          there already: ${present}; left out, who were erased: ${erased}.
        </p>`;
        return outcome(done, counts);
      }),
  },
  {
    ...{ method: 'get', path: '/people/link' },
    handle: async (visit) => linkPage(visit, html``),
  },
  {
    ...{ method: 'post', path: '/people/link', takesFile: true },
    handle: (visit) =>
      answered(visit, linkPage, async () => {
        const { form: sent } = visit;
        const prefer = sent.get('prefer') ?? '';
        const body = {
          ...{ ...fileIn(visit), ...reasonOf(visit), confirm: isSet(visit, 'confirm') },
          ...{ grace_days: Number(sent.get('grace_days') ?? ''), ...(prefer !== '' && { prefer }) },
        };
        const done = await valueOf<LinkFileAnswer>(visit.ask('linkSubjectFile', { body }));
        const counts = html`<p>
          Users ${done.dry_run ? 'that would be linked' : 'linked'}: ${done.linked}; linked before:
          ${done.present}; pseudonyms kept: ${done.pseudonyms}, of users who had two:
          ${done.merged}.
        </p>`;
        return outcome(done, counts);
      }),
  },
];

type Shown = (visit: Visit, above: Html, status?: number) => PageAnswer;

async function answered(
  visit: Visit,
  page: Shown,
  work: () => Promise<{ readonly view: Html; readonly status: number }>,
): Promise<PageAnswer> {
  try {
    const { view, status } = await work();
    return page(visit, view, status);
  } catch (error) {
    if (!visit.can('privacy')) throw error;
    const problem = asProblem(error);
    return page(visit, problemView(problem), statusOf(problem));
  }
}

function importPage(visit: Visit, above: Html, status = 200): PageAnswer {
  return filePage(visit, above, status, {
    ...{ title: 'Import users', address: '/people/import', button: 'Import', fields: IMPORT },
    about: html`<p>
      Users get their pseudonyms before they log in, or keep those of another system. The file has
      the columns <code>local_subject</code> and, where pseudonyms are brought along,
      <code>sub</code>. Users who have a pseudonym are left as they are.
    </p>`,
    command: 'pairwise-proxy subject import FILE --client CLIENT',
  });
}

function linkPage(visit: Visit, above: Html, status = 200): PageAnswer {
  return filePage(visit, above, status, {
    ...{ title: 'Link renamed users', address: '/people/link', button: 'Link', fields: LINK },
    about: html`<p>
      Users whom the provider calls otherwise keep all their pseudonyms. The file has the columns
      <code>old_local_subject</code> and <code>new_local_subject</code>. A single one is linked
      <a href="${visit.href('/people/renamed')}">by a form</a>.
    </p>`,
    command: 'pairwise-proxy subject link FILE',
    sure: 'Both names of each line are the same person.',
  });
}

interface FilePage {
  readonly title: string;
  readonly address: string;
  readonly button: string;
  readonly fields: readonly Field[];
  readonly about: Html;
  readonly command: string;
  readonly sure?: string;
}

function filePage(visit: Visit, above: Html, status: number, spec: FilePage): PageAnswer {
  const { title, address, button, fields, about, command, sure } = spec;
  if (!visit.can('privacy')) return closedTo(title, 'privacy');
  const values = (name: string): string =>
    visit.form.has('token') ? (visit.form.get(name) ?? '') : (INITIAL[name] ?? '');
  const content = html`<p class="field">
      <label for="file">File</label>
      <input
        type="file"
        id="file"
        name="file"
        accept=".csv,.ndjson,.jsonl"
        required
        aria-describedby="file-hint"
      />
      <span class="hint" id="file-hint"
        >CSV with a header line, or NDJSON (.ndjson, .jsonl), of at most 1 MiB. Longer ones are for
        <code>${command}</code>.</span
      >
    </p>
    <div class="fields">${fieldViews(fields, values)}</div>
    ${reasonField('why')} ${sure === undefined ? '' : sureField('sure', sure)}
    <button class="main">${button}</button>`;
  return {
    ...{ kind: 'page', title, status },
    body: html`${above}
      <section>${about} ${fileForm(visit, address, content)}</section>`,
  };
}

/** What became of a file: all of it, or up to the first batch with a line that is wrong. */
function outcome(done: FileAnswer, counts: Html): { readonly view: Html; readonly status: number } {
  if (done.complete) {
    const head = done.dry_run ? 'Nothing was written; this is what would be' : 'Done';
    return {
      ...{ status: 200 },
      view: html`<section class="notice" role="status">
        <h2>${head}</h2>
        ${counts}
      </section>`,
    };
  }
  const kept = done.dry_run
    ? 'Nothing was written. Correct these lines.'
    : `All up to line ${done.last_line} is written, nothing behind it. Correct these lines and send the file again.`;
  return {
    ...{ status: 422 },
    view: html`<section class="notice problem" role="alert">
      <h2>Lines of the file are wrong</h2>
      <ul>
        ${done.problems.map(({ line, wrong }) => html`<li>Line ${line}: ${wrong}</li>`)}
      </ul>
      ${counts}
      <p>${kept}</p>
    </section>`,
  };
}

function fileIn(visit: Visit): Readonly<Record<string, unknown>> {
  // That is for the operation to refuse, and in the log then.
  if (!visit.can('privacy')) return {};
  const { file } = visit;
  if (file === undefined) {
    throw invalid([{ at: 'file', wrong: 'is missing, or empty', right: 'choose a file' }]);
  }
  const ending = /\.([^.]*)$/.exec(file.name.toLowerCase())?.[1];
  const format = ending === 'jsonl' ? 'ndjson' : ending;
  if (format !== 'csv' && format !== 'ndjson') {
    const right = 'name it .csv, .ndjson or .jsonl, by what is in it';
    throw invalid([{ at: 'file', wrong: 'does not say its format', right }]);
  }
  const content = Buffer.from(file.bytes).toString('base64');
  return { format, content, dry_run: isSet(visit, 'dry_run') };
}

function isSet({ form: sent }: Visit, name: string): boolean {
  return sent.get(name) === 'true';
}
