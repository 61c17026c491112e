import { html } from 'hono/html';

import type { RolloutAnswer } from '../answers.ts';
import type { Html, Visit } from '../page.ts';
import { form, reasonField } from '../parts.ts';

/** Whether a client could go round the proxy. */
export function bypass({ can_bypass: isOpen, accept_bypass_at: acceptedAt }: RolloutAnswer): Html {
  if (!isOpen) return html``;
  return acceptedAt === null
    ? html`<p><span class="badge bad">way round open</span></p>`
    : html`<p><span class="badge warn">way round accepted</span></p>`;
}

/** The button that restores the version before; with a reason where there is room for one. */
export function backForm(visit: Visit, each: RolloutAnswer, to: 'board' | 'client'): Html {
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
