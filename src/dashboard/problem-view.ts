import { html } from 'hono/html';

import { PROBLEMS, type AdminProblem } from '../admin/problems.ts';
import type { Html } from './page.ts';

/** What could not be done, and what would be right; for people. */
export function problemView(problem: AdminProblem, requestId?: string): Html {
  const { mistakes = [], hint, users } = problem.options;
  return html`<section class="notice problem" role="alert">
    <h2>${titleOf(problem)}</h2>
    <p>${problem.message}</p>
    ${users === undefined ? '' : html`<p>Users whom it concerns: ${users}.</p>`}
    ${
      mistakes.length === 0
        ? hintView(problem, hint)
        : html`<ul>
            ${mistakes.map(({ at, wrong, right }) => html`<li><code>${at}</code> ${wrong}: ${right}</li>`)}
          </ul>`
    }
    ${requestId === undefined ? '' : html`<p class="hint">Request ${requestId}</p>`}
  </section>`;
}

/** The status that a problem is answered with. */
export function statusOf(problem: AdminProblem): number {
  return PROBLEMS[problem.code][0];
}

function titleOf({ code }: AdminProblem): string {
  return code === 'insufficient_scope' ? 'Your role does not allow this' : PROBLEMS[code][1];
}

/** Hints speak to those who send requests by hand; here a form is looked at again. */
function hintView({ code }: AdminProblem, hint: string): Html {
  if (code === 'insufficient_scope') {
    return html`<p>Somebody whose role has that scope can do it. The attempt is in the log.</p>`;
  }
  if (code === 'confirmation_required')
    return html`<p>Nothing was changed. Confirm it to do it.</p>`;
  if (code === 'stale') {
    return html`<p>Nothing was changed. Look at what stands now, and decide again.</p>`;
  }
  return html`<p>${hint}</p>`;
}
