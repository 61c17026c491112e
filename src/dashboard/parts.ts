import { html } from 'hono/html';

import type { PhaseName } from './answers.ts';
import type { Html, PageAnswer, Site, Visit } from './page.ts';

/** An instant, to the minute, in UTC. */
export function time(instant: string | null): Html {
  if (instant === null) return html`<span class="none">—</span>`;
  const shown = instant.slice(0, 16).replace('T', ' ');
  return html`<time datetime="${instant}">${shown}</time>`;
}

/** A phase, in its word and its colour; narrowed to some users where that is said. */
export function phaseBadge(
  phase: PhaseName | null,
  { percent = null, pilots = 0 }: { percent?: number | null; pilots?: number } = {},
): Html {
  if (phase === null) return html`<span class="none">—</span>`;
  const share = percent === null ? '' : ` ${percent} %`;
  const users = pilots === 0 ? '' : ` +${pilots} ${pilots === 1 ? 'user' : 'users'}`;
  return html`<span class="badge phase-${phase}">${phase}${share}${users}</span>`;
}

/** Whether something is as it should be: in a word, never by colour alone. */
export function state(isGood: boolean, good: string, bad: string): Html {
  return html`<span class="badge ${isGood ? 'good' : 'bad'}">${isGood ? good : bad}</span>`;
}

/** A table that scrolls by itself where the window is narrow. */
export function table(label: string, heads: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p class="none">Nothing here so far.</p>`;
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** A form that changes something; it repeats what proves that it is ours. */
export function form(
  visit: Pick<Visit, 'formToken'> & Site,
  action: string,
  content: Html | readonly Html[],
  classes = '',
): Html {
  return html`<form method="post" action="${visit.href(action)}" class="${classes}">
    <input type="hidden" name="token" value="${visit.formToken}" />${content}
  </form>`;
}

/** A form that sends a file; as {@link form} else. */
export function fileForm(
  visit: Pick<Visit, 'formToken'> & Site,
  action: string,
  content: Html | readonly Html[],
): Html {
  return html`<form method="post" action="${visit.href(action)}" enctype="multipart/form-data">
    <input type="hidden" name="token" value="${visit.formToken}" />${content}
  </form>`;
}

/** The box without which nothing is done that loses something. */
export function sureField(id: string, label: string): Html {
  return html`<p class="field check">
    <input type="checkbox" id="${id}" name="confirm" value="true" required />
    <label for="${id}">${label}</label>
  </p>`;
}

/** What only another role may do. */
export function closedTo(title: string, role: string): PageAnswer {
  return {
    ...{ kind: 'page', title, status: 403 },
    body: html`<section class="notice problem">
      <p>Only the role <strong>${role}</strong> does this.</p>
    </section>`,
  };
}

/** Why something is done. */
export function reasonField(id: string, isRequired = false): Html {
  const label = isRequired ? 'Reason' : 'Reason (optional)';
  return html`<p class="field">
    <label for="${id}">${label}</label>
    <input
      id="${id}"
      name="reason"
      maxlength="1000"
      autocomplete="off"
      ${isRequired ? html`required` : ''}
      aria-describedby="${id}-hint"
    />
    <span class="hint" id="${id}-hint">Kept in the audit log for ever: name no user in it.</span>
  </p>`;
}

/** The way to the next page of a list, with what narrowed it. */
export function nextPage(visit: Visit, path: string, next: string | null): Html {
  if (next === null) return html``;
  const query = new URLSearchParams(visit.query);
  query.set('cursor', next);
  return html`<p>
    <a href="${visit.href(`${path}?${query.toString()}`)}" rel="next">Next page</a>
  </p>`;
}

/** The query that a page of a list is asked with. */
export function pageQuery({ query }: Pick<Visit, 'query'>, limit = 50): Record<string, string> {
  const cursor = query.get('cursor');
  return { limit: String(limit), ...(cursor !== null && cursor !== '' && { cursor }) };
}

/** Something said once, such as a token. */
export function shownOnce(what: string, value: string): Html {
  return html`<section class="notice once" role="status">
    <h2>${what}</h2>
    <p>Take it now: it is shown this once, and kept nowhere.</p>
    <p><code class="secret">${value}</code></p>
  </section>`;
}

/** Why something was done, out of a form; absent where nothing was said. */
export function reasonOf({ form: sent }: Pick<Visit, 'form'>): { readonly reason?: string } {
  const reason = (sent.get('reason') ?? '').trim();
  return reason === '' ? {} : { reason };
}

/** What a form has done, by the word that its redirect carries; nothing of the address is shown. */
export function done(
  { query }: Pick<Visit, 'query'>,
  words: Readonly<Record<string, string>>,
): Html {
  const word = query.get('done') ?? '';
  if (!Object.hasOwn(words, word)) return html``;
  return html`<section class="notice" role="status"><p>${words[word]}</p></section>`;
}
