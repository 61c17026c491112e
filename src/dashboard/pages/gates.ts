import { html } from 'hono/html';

import type { BoardAnswer, FreezeAnswer, GateAnswer, StepName } from '../answers.ts';
import type { Html, Visit } from '../page.ts';
import { form, reasonField, state, time } from '../parts.ts';

/** The steps of a rollout as people call them. */
export const STEP_WORDS: Readonly<Record<StepName, string>> = {
  plan: 'plan',
  shadow: 'shadow',
  pilot_users: 'pilot users',
  percent_5: '5 %',
  percent_50: '50 %',
  percent_100: '100 %',
  done: 'done',
};

/** What a step asks for; pilot users have to be named, so there is no button for them. */
const STEP_FIELDS: Readonly<Partial<Record<StepName, Readonly<Record<string, string>>>>> = {
  shadow: { phase: 'shadow' },
  percent_5: { phase: 'pairwise', percent: '5' },
  percent_50: { phase: 'pairwise', percent: '50' },
  percent_100: { phase: 'pairwise' },
  done: { phase: 'pairwise', done: 'true' },
};

/** Gates, each in a word and a sentence. */
function gateList(gates: readonly GateAnswer[]): Html {
  if (gates.length === 0) return html`<p class="gates none">No gate.</p>`;
  return html`<ul class="gates">
    ${gates.map(
      ({ name, state: colour, refuses, message }) =>
        html`<li>
          ${state(colour === 'green', 'green', refuses ? 'red, refuses' : 'red')}
          ${name.replaceAll('_', ' ')}
          <span class="hint">${message}</span>
        </li>`,
    )}
  </ul>`;
}

/** The same in a few words, as they were when a version was recorded. */
export function recordedGates(gates: readonly GateAnswer[]): Html {
  const red = gates.filter(({ state: colour }) => colour === 'red');
  if (red.length === 0) return state(true, 'all green', '');
  const names = red.map(({ name }) => name.replaceAll('_', ' ')).join(', ');
  return html`${state(false, '', 'red')} ${names}`;
}

/** What stands before the next step of a client, and the button that takes it. */
export function nextStep(visit: Visit, board: BoardAnswer, address: string, version: string): Html {
  const { next_step: step, next_gates: gates, frozen } = board;
  if (step === null) {
    return html`<section>
      <h2>Next step</h2>
      <p>None: the rollout is over, or the client stays with original subjects.</p>
    </section>`;
  }
  const fields = STEP_FIELDS[step];
  const hidden = Object.entries({ ...fields, state: version }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
  const button = html`${hidden} ${reasonField('step-why')}
    <button class="main">Go to ${STEP_WORDS[step]}</button>`;
  return html`<section id="gates">
    <h2>Next step: ${STEP_WORDS[step]}</h2>
    <p>A red gate is a word of warning, and is recorded; only the one that says so refuses.</p>
    ${gateList(gates)} ${frozen ? html`<p class="wrong">Rollouts are frozen.</p>` : ''}
    ${fields !== undefined && visit.can('operate') && !frozen ? form(visit, address, button) : ''}
  </section>`;
}

/** Whether rollouts are frozen, and the form that freezes them or lifts that. */
export function freezeView(visit: Visit, { frozen, at, actor, reason }: FreezeAnswer): Html {
  const told = frozen
    ? html`<p>
        <strong>Rollouts are frozen</strong> since ${time(at)} by
        ${actor}${reason === null ? '' : html`: “${reason}”`}. Rollbacks stay possible.
      </p>`
    : html`<p>
        On a bad day nobody need go further: a freeze refuses every step, and no rollback.
      </p>`;
  const fields = html`<input type="hidden" name="frozen" value="${String(!frozen)}" />
    ${reasonField('freeze-why')}
    <button class="${frozen ? '' : 'danger'}">
      ${frozen ? 'Lift the freeze' : 'Freeze rollouts'}
    </button>`;
  const change = visit.can('operate') ? form(visit, '/rollout-freeze', fields) : '';
  if (!frozen && !visit.can('operate')) return html``;
  if (frozen) return html`<section class="notice problem">${told} ${change}</section>`;
  return html`<details class="freeze">
    <summary>Freeze rollouts</summary>
    <section>${told} ${change}</section>
  </details>`;
}
