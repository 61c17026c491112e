import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { BoardAnswer, ListOf, RolloutAnswer, VersionAnswer } from '../answers.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import { done, form, phaseBadge, reasonField, reasonOf, table, time } from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';
import { nextStep, recordedGates, STEP_WORDS } from './gates.ts';
import { backForm, bypass } from './rollout-parts.ts';

/** What a form has done, by the word that its redirect carries. */
export const DONE = {
  set: 'Set. It holds in every replica within 5 seconds.',
  same: 'It was so already; nothing was recorded.',
  back: 'Rolled back. It holds in every replica within 5 seconds.',
  frozen: 'Rollouts are frozen: nobody goes further.',
  lifted: 'The freeze is lifted.',
};

/** Where a client stands, and its ways forward and back. */
export const ROLLOUT_PAGES: readonly Page[] = [
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

async function shown(visit: Visit, problem?: AdminProblem): Promise<PageAnswer> {
  const path = { client: clientOf(visit) };
  const { value, state } = await visit.ask('showRollout', { path });
  const status = value as BoardAnswer;
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
            <dd>
              ${phaseBadge(status.phase, { percent, pilots })} step: ${STEP_WORDS[status.step]}
            </dd>
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
      <div class="grid2">
        ${nextStep(visit, status, addressOf(visit), state ?? '')}
        ${visit.can('operate') ? rollback(visit, status) : ''}
      </div>
      ${visit.can('operate') ? setForm(visit, status, state) : ''}
      <section>
        <h2>History</h2>
        ${versions(history.items)}
      </section>`,
  };
}

function setForm(visit: Visit, status: RolloutAnswer, state: string | undefined): Html {
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
        >Local subjects, one a line. Empty beside a share: those who are in stay in. Only indexes of
        them are kept.</span
      >
    </p>
    <p class="field check">
      <input type="checkbox" id="over" name="done" value="true" />
      <label for="over">The rollout is over</label>
    </p>
    <p class="field check">
      <input type="checkbox" id="end" name="end_sessions" value="true" />
      <label for="end">End the tokens that were issued before</label>
    </p>
    ${reasonField('set-why')} <button class="main">Set the phase</button>`;
  return html`<section>
    <h2>Set the phase</h2>
    ${form(visit, addressOf(visit), content)}
  </section>`;
}

function rollback(visit: Visit, status: RolloutAnswer): Html {
  if (status.previous === null) return html``;
  return html`<section>
    <h2>Roll back</h2>
    <p>Restores ${status.previous}. Sessions are unharmed.</p>
    ${backForm(visit, status, 'client')}
  </section>`;
}

function versions(items: readonly VersionAnswer[]): Html {
  const rows = items.map(
    (each) =>
      html`<tr>
        <td>${each.version}</td>
        <td>
          ${phaseBadge(each.phase, { percent: each.percent, pilots: each.pilot_users })}${each.done ? ' done' : ''}
        </td>
        <td>${time(each.at)}</td>
        <td>${each.actor}</td>
        <td>
          ${each.reason ?? ''}${each.restores === null ? '' : html` <span class="none">restores ${each.restores}</span>`}
        </td>
        <td>
          ${each.gates === null ? html`<span class="none">—</span>` : recordedGates(each.gates)}
        </td>
      </tr>`,
  );
  return table('History', ['Version', 'Phase', 'At (UTC)', 'By', 'Why', 'Gates at the time'], rows);
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
    ...(sent.get('done') === 'true' && { done: true }),
    ...(sent.get('end_sessions') === 'true' && { end_sessions: true }),
  };
}

function clientOf({ path }: Visit): string {
  return path['client'] ?? '';
}

function addressOf(visit: Visit): string {
  return `/rollout/${encodeURIComponent(clientOf(visit))}`;
}
