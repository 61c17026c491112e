import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { AdminTokenAnswer, ListOf } from '../answers.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import {
  done,
  form,
  nextPage,
  pageQuery,
  reasonField,
  reasonOf,
  shownOnce,
  state,
  table,
  time,
} from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';

const SCOPES = [
  ['read', 'look at everything but people'],
  ['operate', 'change vendors, clients, phases, keys, salts and tokens'],
  ['privacy', 'look people up, export, erase, import and link'],
] as const;

/** The tokens of the admin API. */
export const TOKEN_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/tokens' },
    handle: (visit) => shown(visit, {}),
  },
  {
    ...{ method: 'post', path: '/tokens' },
    handle: async (visit) => {
      const { form: sent } = visit;
      const days = Number(sent.get('days') ?? '');
      const name = (sent.get('name') ?? '').trim();
      const body = { name, scopes: sent.getAll('scope'), days, ...reasonOf(visit) };
      try {
        const made = await valueOf<AdminTokenAnswer>(visit.ask('createToken', { body }));
        return await shown(visit, { once: shownOnce(`The token ${made.name}`, made.token ?? '') });
      } catch (error) {
        if (!visit.can('operate')) throw error;
        return shown(visit, { problem: asProblem(error) });
      }
    },
  },
  {
    ...{ method: 'post', path: '/tokens/end' },
    handle: async (visit) => {
      const path = { name: visit.form.get('name') ?? '' };
      await visit.ask('revokeToken', { path });
      return { kind: 'redirect', to: '/tokens?done=ended' };
    },
  },
];

interface Besides {
  readonly problem?: AdminProblem;
  readonly once?: Html;
}

async function shown(visit: Visit, { problem, once }: Besides): Promise<PageAnswer> {
  const query = pageQuery(visit);
  const { items, next } = await valueOf<ListOf<AdminTokenAnswer>>(
    visit.ask('listTokens', { query }),
  );
  const rows = items.map((each) => rowOf(visit, each));
  const heads = ['Name', 'May', 'Made', 'Expires', 'Last used', 'State', ''];
  return {
    ...{ kind: 'page', title: 'Admin tokens' },
    status: problem === undefined ? 200 : statusOf(problem),
    body: html`${problem === undefined ? '' : problemView(problem)} ${once ?? ''}
      ${done(visit, { ended: 'The token is dead.' })}
      <section>
        <p>Programs, and people at a command line, use the admin API with one.</p>
        ${table('Admin tokens', heads, rows)} ${nextPage(visit, '/tokens', next)}
      </section>
      ${visit.can('operate') ? creation(visit) : ''}`,
  };
}

function rowOf(visit: Visit, token: AdminTokenAnswer): Html {
  const { name, revoked_at: revokedAt } = token;
  const ending = html`<input type="hidden" name="name" value="${name}" /><button
      aria-label="End the token ${name}"
    >
      End
    </button>`;
  return html`<tr>
    <td><code>${name}</code></td>
    <td>${token.scopes.join(', ')}</td>
    <td>${time(token.created_at)}</td>
    <td>${time(token.expires_at)}</td>
    <td>${token.last_used ?? html`<span class="none">never</span>`}</td>
    <td>${state(revokedAt === null, 'good until it expires', 'ended')}</td>
    <td>${visit.can('operate') && revokedAt === null ? form(visit, '/tokens/end', ending) : ''}</td>
  </tr>`;
}

function creation(visit: Visit): Html {
  // What somebody may not do they cannot hand on; `privacy` is handed on by ADMIN_TOKEN alone.
  const scopes = SCOPES.filter(([scope]) => visit.can(scope)).map(
    ([scope, meaning]) =>
      html`<p class="field check">
        <input type="checkbox" id="scope-${scope}" name="scope" value="${scope}" />
        <label for="scope-${scope}"><strong>${scope}</strong>: ${meaning}</label>
      </p>`,
  );
  const content = html`<p class="field">
      <label for="name">Name</label>
      <input
        id="name"
        name="name"
        required
        maxlength="64"
        autocomplete="off"
        spellcheck="false"
        aria-describedby="name-hint"
      />
      <span class="hint" id="name-hint">What the audit log calls it; given once.</span>
    </p>
    <fieldset>
      <legend>It may</legend>
      ${scopes}
    </fieldset>
    <p class="field">
      <label for="days">Days until it expires</label>
      <input id="days" name="days" inputmode="numeric" value="90" required />
    </p>
    ${reasonField('token-why')} <button class="main">Make a token</button>`;
  return html`<section>
    <h2>Make a token</h2>
    ${form(visit, '/tokens', content)}
  </section>`;
}
