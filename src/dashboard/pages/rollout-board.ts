import { html } from 'hono/html';

import type { FreezeAnswer, ListOf, RolloutAnswer, StepName } from '../answers.ts';
import { valueOf, type Html, type Page, type Visit } from '../page.ts';
import { done, nextPage, pageQuery, phaseBadge, reasonOf, time } from '../parts.ts';
import { freezeView, STEP_WORDS } from './gates.ts';
import { DONE } from './rollout.ts';
import { backForm, bypass } from './rollout-parts.ts';

/** The columns of the board, each with the steps that stand in it. */
const COLUMNS: readonly (readonly [name: string, steps: readonly StepName[]])[] = [
  ['Plan', ['plan']],
  ['Shadow', ['shadow']],
  ['Pilot', ['pilot_users', 'percent_5', 'percent_50']],
  ['Everybody', ['percent_100', 'done']],
];

/** Where every client stands, with the button that goes back, and the freeze. */
export const BOARD_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/rollout' },
    handle: async (visit) => {
      const query = pageQuery(visit, 100);
      const { items, next } = await valueOf<ListOf<RolloutAnswer>>(
        visit.ask('listRollouts', { query }),
      );
      const freeze = await valueOf<FreezeAnswer>(visit.ask('showFreeze'));
      const columns = COLUMNS.map(([name, steps]) => {
        const here = items.filter(({ step }) => steps.includes(step));
        return html`<div class="column">
          <h2>${name} <span class="sum">${here.length}</span></h2>
          ${here.map((each) => card(visit, each))}
        </div>`;
      });
      return {
        ...{ kind: 'page', title: 'Rollout' },
        body: html`${done(visit, DONE)} ${freezeView(visit, freeze)}
          <div class="board">${columns}</div>
          ${nextPage(visit, '/rollout', next)}`,
      };
    },
  },
  {
    ...{ method: 'post', path: '/rollout-freeze' },
    handle: async (visit) => {
      const frozen = visit.form.get('frozen') === 'true';
      await visit.ask('setFreeze', { body: { frozen, ...reasonOf(visit) } });
      return { kind: 'redirect', to: `/rollout?done=${frozen ? 'frozen' : 'lifted'}` };
    },
  },
];

function card(visit: Visit, each: RolloutAnswer): Html {
  const address = `/rollout/${encodeURIComponent(each.client_id)}`;
  const { percent, pilot_users: pilots } = each;
  return html`<article class="card">
    <h3><a href="${visit.href(address)}">${each.client_id}</a></h3>
    <p>
      ${phaseBadge(each.phase, { percent, pilots })}
      ${each.step === 'done' ? html`<span class="badge good">${STEP_WORDS.done}</span>` : ''}
      <span class="none">of ${each.vendor}</span>
    </p>
    <p class="hint">Version ${each.version}, ${time(each.at)} by ${each.actor}</p>
    ${each.reason === null ? '' : html`<p class="hint">“${each.reason}”</p>`} ${bypass(each)}
    <div
      class="gates"
      hx-get="${visit.href(address)}"
      hx-select="ul.gates"
      hx-swap="innerHTML"
      hx-trigger="revealed"
    >
      <a href="${visit.href(address)}#gates">Gates</a>
    </div>
    ${
      visit.can('operate') && each.previous !== null
        ? html`<div class="actions">${backForm(visit, each, 'board')}</div>`
        : ''
    }
  </article>`;
}
