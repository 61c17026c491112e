import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { ErasureAnswer, HeldAnswer, ListOf } from '../answers.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import { closedTo, form, reasonField, sureField, table, time } from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';

/** Who is behind a pseudonym, and what is held on somebody; what names a user is never in an address. */
export const PEOPLE_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/people' },
    handle: async (visit) => page(visit, html``),
  },
  {
    ...{ method: 'post', path: '/people/lookup' },
    handle: (visit) =>
      answered(visit, async ({ form: sent }) => {
        const body = {
          client_id: sent.get('client_id') ?? '',
          sub: (sent.get('sub') ?? '').trim(),
        };
        const found = await valueOf<{ local_subject: string; sector: string }>(
          visit.ask('lookUpSubject', { body: { ...body, ...reasonIn(visit) } }),
        );
        return page(
          visit,
          html`<section class="notice" role="status">
            <h2>Found</h2>
            <dl class="facts">
              <div>
                <dt>Local subject</dt>
                <dd><code>${found.local_subject}</code></dd>
              </div>
              <div>
                <dt>Sector</dt>
                <dd><code>${found.sector}</code></dd>
              </div>
            </dl>
          </section>`,
        );
      }),
  },
  {
    ...{ method: 'post', path: '/people/list' },
    handle: (visit) =>
      answered(visit, async () => {
        const body = { user: userIn(visit), ...reasonIn(visit) };
        const { items } = await valueOf<ListOf<HeldAnswer>>(visit.ask('listSubject', { body }));
        return page(visit, held(visit, items));
      }),
  },
  {
    ...{ method: 'post', path: '/people/export' },
    handle: (visit) =>
      answered(visit, async () => {
        const body = { user: userIn(visit), ...reasonIn(visit) };
        const json = await valueOf<unknown>(visit.ask('exportSubject', { body }));
        return { kind: 'file', name: 'what-is-held-on-a-user.json', json };
      }),
  },
  {
    ...{ method: 'post', path: '/people/erase' },
    handle: (visit) =>
      answered(visit, async () => {
        const confirm = visit.form.get('confirm') === 'true';
        const body = { user: userIn(visit), confirm, ...reasonIn(visit) };
        const done = await valueOf<ErasureAnswer>(visit.ask('eraseSubject', { body }));
        return page(visit, erased(visit, done));
      }),
  },
];

/** A refusal is shown above the forms; what was typed is not, for it names somebody. */
async function answered(
  visit: Visit,
  work: (visit: Visit) => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await work(visit);
  } catch (error) {
    const problem = asProblem(error);
    if (!visit.can('privacy')) throw error;
    return page(visit, problemView(problem), statusOf(problem));
  }
}

async function page(visit: Visit, above: Html, status = 200): Promise<PageAnswer> {
  if (!visit.can('privacy')) return closedTo('People', 'privacy');
  const user = (id: string): Html =>
    html`<p class="field">
      <label for="${id}">Local subject</label>
      <input
        id="${id}"
        name="user"
        required
        maxlength="255"
        autocomplete="off"
        spellcheck="false"
        aria-describedby="${id}-hint"
      />
      <span class="hint" id="${id}-hint">The <code>sub</code> of the user at the provider.</span>
    </p>`;
  return {
    ...{ kind: 'page', title: 'People', status },
    body: html`${above}
      <p class="actions">
        <a class="button" href="${visit.href('/people/import')}">Import users</a>
        <a class="button" href="${visit.href('/people/renamed')}">Link a renamed user</a>
        <a class="button" href="${visit.href('/people/link')}">Link renamed users by a file</a>
      </p>
      <p>
        Every question is counted and recorded with its reason; 100 users an hour are the limit.
      </p>
      <div class="grid2">
        <section>
          <h2>Who is behind a pseudonym</h2>
          ${form(visit, '/people/lookup', lookupFields())}
        </section>
        <section>
          <h2>The pseudonyms of a user</h2>
          ${form(visit, '/people/list', html`${user('list-user')} ${reasonField('list-why', true)} <button>List</button>`)}
        </section>
        <section>
          <h2>All that is held on a user</h2>
          ${form(visit, '/people/export', html`${user('export-user')} ${reasonField('export-why', true)} <button>Download</button>`)}
        </section>
        <section>
          <h2>Erase a user</h2>
          <p>
            In every sector, for ever. Their tokens stop within 5 seconds; if they come back, they
            get other pseudonyms.
          </p>
          ${form(
            visit,
            '/people/erase',
            html`${user('erase-user')} ${reasonField('erase-why', true)}
              ${sureField('erase-sure', 'The pseudonyms of this user cannot be had again.')}
              <button class="danger">Erase</button>`,
          )}
        </section>
      </div>`,
  };
}

function lookupFields(): Html {
  return html`<p class="field">
      <label for="client">Client that was given it</label>
      <input id="client" name="client_id" required maxlength="255" autocomplete="off" />
    </p>
    <p class="field">
      <label for="sub">Pseudonym (<code>sub</code>)</label>
      <input id="sub" name="sub" required maxlength="255" autocomplete="off" spellcheck="false" />
    </p>
    ${reasonField('lookup-why', true)} <button class="main">Look up</button>`;
}

function held({ href }: Visit, items: readonly HeldAnswer[]): Html {
  const rows = items.map(
    (each) =>
      html`<tr>
        <td>
          ${each.vendor === null ? html`<span class="none">—</span>` : html`<a href="${href(`/vendors/${encodeURIComponent(each.vendor)}`)}">${each.vendor}</a>`}
        </td>
        <td><code>${each.sector}</code></td>
        <td class="wrap"><code>${each.sub}</code></td>
        <td>${each.generation}</td>
        <td>${time(each.created_at)}</td>
        <td>${time(each.retired_at)}</td>
      </tr>`,
  );
  const heads = ['Vendor', 'Sector', 'Pseudonym', 'Generation', 'Made', 'Retired'];
  return html`<section role="status">
    <h2>Pseudonyms of the user: ${items.length}</h2>
    ${table('Pseudonyms of the user', heads, rows)}
  </section>`;
}

function erased({ href }: Visit, done: ErasureAnswer): Html {
  const proof = href(`/audit?target=${encodeURIComponent(done.erasure)}`);
  return html`<section class="notice" role="status">
    <h2>${done.erased ? 'Erased' : 'Nothing was known of this user'}</h2>
    <p>Sectors: ${done.sectors}, pseudonyms: ${done.pseudonyms}, sessions: ${done.sessions}.</p>
    <p>
      The proof is entry ${done.audit_position} of the audit log:
      <a href="${proof}"><code>${done.erasure}</code></a>
    </p>
  </section>`;
}

function userIn({ form: sent }: Visit): string {
  return sent.get('user') ?? '';
}

function reasonIn({ form: sent }: Visit): { readonly reason: string } {
  return { reason: (sent.get('reason') ?? '').trim() };
}
