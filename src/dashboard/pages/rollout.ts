import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { ListOf, RolloutAnswer, VersionAnswer } from '../answers.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import {
  done,
  form,
  nextPage,
  pageQuery,
  phaseBadge,
  reasonField,
  reasonOf,
  table,
  time,
} from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';

const COLUMNS = [
  ['Public', ({ phase }: RolloutAnswer) => phase === 'public'],
  ['Shadow', ({ phase }: RolloutAnswer) => phase === 'shadow'],
  ['Pairwise for some', (each: RolloutAnswer) => each.phase === 'pairwise' && isNarrowed(each)],
  ['Pairwise', (each: RolloutAnswer) => each.phase === 'pairwise' && !isNarrowed(each)],
] as const;

/** What a form has done, by the word that its redirect carries. */
const DONE = {
  set: 'Set. It holds in every replica within 5 seconds.',
  same: 'It was so already; nothing was recorded.',
  back: 'Rolled back. It holds in every replica within 5 seconds.',
};

/** Where every client stands, and the ways forward and back. */
export const ROLLOUT_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/rollout' },
    handle: async (visit) => {
      const query = pageQuery(visit, 100);
      const { items, next } = await valueOf<ListOf<RolloutAnswer>>(
        visit.ask('listRollouts', { query }),
      );
      const columns = COLUMNS.map(([name, isIn]) => {
        const here = items.filter(isIn);
        return html`<div class="column">
          <h2>${name} <span class="sum">${here.length}</span></h2>
          ${here.map((each) => card(visit, each))}
        </div>`;
      });
      return {
        ...{ kind: 'page', title: 'Rollout' },
        body: html`${done(visit, DONE)}
          <div class="board">${columns}</div>
          ${nextPage(visit, '/rollout', next)}`,
      };
    },
  },
  {
    ...{ method: 'get', path: '/rollout/:client' },
    handle: async (visit) => shown(visit),
  },
  {
    ...{ method: 'post', path: '/rollout/:client' },
    handle: async (visit) => {
      const path = { client: clientOf(visit) };
      try {
        const body = { ...wanted(visit), ...reasonOf(visit) };
        const state = visit.form.get('state') ?? '';
        const { changed } = await valueOf<{ changed: boolean }>(
          visit.ask('setRollout', { path, body, state }),
        );
        return { kind: 'redirect', to: `${addressOf(visit)}?done=${changed ? 'set' : 'same'}` };
      } catch (error) {
        return shown(visit, asProblem(error));
      }
    },
  },
  {
    ...{ method: 'post', path: '/rollout/:client/back' },
    handle: async (visit) => {
      const path = { client: clientOf(visit) };
      const from = Number(visit.form.get('from') ?? '');
      try {
        await visit.ask('rollBack', { path, body: { from, ...reasonOf(visit) } });
        const to = visit.form.get('to') === 'board' ? '/rollout' : addressOf(visit);
        return { kind: 'redirect', to: `${to}?done=back` };
      } catch (error) {
        return shown(visit, asProblem(error));
      }
    },
  },
];

function card(visit: Visit, each: RolloutAnswer): Html {
  const address = `/rollout/${encodeURIComponent(each.client_id)}`;
  const { percent, pilot_users: pilots } = each;
  return html`<article class="card">
    <h3><a href="${visit.href(address)}">${each.client_id}</a></h3>
    <p>
      ${phaseBadge(each.phase, { percent, pilots })} <span class="none">of ${each.vendor}</span>
    </p>
    <p class="hint">Version ${each.version}, ${time(each.at)} by ${each.actor}</p>
    ${each.reason === null ? '' : html`<p class="hint">“${each.reason}”</p>`} ${bypass(each)}
    ${
      visit.can('operate') && each.previous !== null
        ? html`<div class="actions">${backForm(visit, each, 'board')}</div>`
        : ''
    }
  </article>`;
}

function bypass({ can_bypass: isOpen, accept_bypass_at: acceptedAt }: RolloutAnswer): Html {
  if (!isOpen) return html``;
  return acceptedAt === null
    ? html`<p><span class="badge bad">way round open</span></p>`
    : html`<p><span class="badge warn">way round accepted</span></p>`;
}

function backForm(visit: Visit, each: RolloutAnswer, to: 'board' | 'client'): Html {
  const { client_id: id, version, previous } = each;
  const content = html`<input type="hidden" name="from" value="${version}" />
    <input type="hidden" name="to" value="${to}" />
    ${to === 'client' ? reasonField('back-why') : ''}
    <button
      class="danger"
      aria-label="Roll ${id} back to ${previous ?? ''}"
      title="To ${previous ?? ''}"
    >
      Roll back
    </button>`;
  return form(visit, `/rollout/${encodeURIComponent(id)}/back`, content);
}

async function shown(visit: Visit, problem?: AdminProblem): Promise<PageAnswer> {
  const path = { client: clientOf(visit) };
  const { value, state } = await visit.ask('showRollout', { path });
  const status = value as RolloutAnswer;
  const query = { limit: '200' };
  const history = await valueOf<ListOf<VersionAnswer>>(
    visit.ask('listRolloutVersions', { path, query }),
  );
  const { percent, pilot_users: pilots, previous } = status;
  return {
    ...{ kind: 'page', title: `Rollout of ${status.client_id}` },
    status: problem === undefined ? 200 : statusOf(problem),
    body: html`${problem === undefined ? '' : problemView(problem)} ${done(visit, DONE)}
      <section>
        <dl class="facts">
          <div>
            <dt>Phase</dt>
            <dd>${phaseBadge(status.phase, { percent, pilots })}</dd>
          </div>
          <div>
            <dt>Since (UTC)</dt>
            <dd>${time(status.at)} by ${status.actor}</dd>
          </div>
          <div>
            <dt>A rollback would restore</dt>
            <dd>${previous ?? '—'}</dd>
          </div>
          <div>
            <dt>Client</dt>
            <dd>
              <a href="${visit.href(`/clients/${encodeURIComponent(status.client_id)}`)}"
                >${status.client_id}</a
              >
              ${bypass(status)}
            </dd>
          </div>
        </dl>
      </section>
      ${visit.can('operate') ? controls(visit, status, state) : ''}
      <section>
        <h2>History</h2>
        ${versions(history.items)}
      </section>`,
  };
}

function controls(visit: Visit, status: RolloutAnswer, state: string | undefined): Html {
  const radio = (phase: string): Html =>
    html`<label
      ><input
        type="radio"
        name="phase"
        value="${phase}"
        required
        ${phase === status.phase ? html`checked` : ''}
      />${phase}</label
    >`;
  const content = html`<input type="hidden" name="state" value="${state ?? ''}" />
    <fieldset>
      <legend>Phase</legend>
      ${['public', 'shadow', 'pairwise'].map(radio)}
    </fieldset>
    <p class="field">
      <label for="percent">Share of users, in percent (optional)</label>
      <input
        id="percent"
        name="percent"
        inputmode="numeric"
        value="${status.percent ?? ''}"
        autocomplete="off"
        aria-describedby="percent-hint"
      />
      <span class="hint" id="percent-hint"
        >Narrows pairwise; who is in stays in when it grows.</span
      >
    </p>
    <p class="field">
      <label for="users">Pilot users (optional)</label>
      <textarea
        id="users"
        name="users"
        rows="2"
        spellcheck="false"
        aria-describedby="users-hint"
      ></textarea>
      <span class="hint" id="users-hint"
        >Local subjects, one a line. They replace those of before; only indexes of them are
        kept.</span
      >
    </p>
    <p class="field check">
      <input type="checkbox" id="end" name="end_sessions" value="true" />
      <label for="end">End the tokens that were issued before</label>
    </p>
    ${reasonField('set-why')} <button class="main">Set the phase</button>`;
  return html`<div class="grid2">
    <section>
      <h2>Set the phase</h2>
      ${form(visit, addressOf(visit), content)}
    </section>
    ${
      status.previous === null
        ? ''
        : html`<section>
            <h2>Roll back</h2>
            <p>Restores ${status.previous}. Sessions are unharmed.</p>
            ${backForm(visit, status, 'client')}
          </section>`
    }
  </div>`;
}

function versions(items: readonly VersionAnswer[]): Html {
  const rows = items.map(
    (each) =>
      html`<tr>
        <td>${each.version}</td>
        <td>${phaseBadge(each.phase, { percent: each.percent, pilots: each.pilot_users })}</td>
        <td>${time(each.at)}</td>
        <td>${each.actor}</td>
        <td>
          ${each.reason ?? ''}${each.restores === null ? '' : html` <span class="none">restores ${each.restores}</span>`}
        </td>
      </tr>`,
  );
  return table('History', ['Version', 'Phase', 'At (UTC)', 'By', 'Why'], rows);
}

function wanted({ form: sent }: Visit): Readonly<Record<string, unknown>> {
  const percent = (sent.get('percent') ?? '').trim();
  const users = (sent.get('users') ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  return {
    phase: sent.get('phase') ?? '',
    ...(percent !== '' && { percent: /^\d{1,3}$/.test(percent) ? Number(percent) : percent }),
    ...(users.length > 0 && { users }),
    ...(sent.get('end_sessions') === 'true' && { end_sessions: true }),
  };
}

function isNarrowed({ percent, pilot_users: pilots }: RolloutAnswer): boolean {
  return percent !== null || pilots > 0;
}

function clientOf({ path }: Visit): string {
  return path['client'] ?? '';
}

function addressOf(visit: Visit): string {
  return `/rollout/${encodeURIComponent(clientOf(visit))}`;
}
