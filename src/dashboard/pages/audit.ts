import { html } from 'hono/html';

import type { AuditAnswer, ListOf, VerificationAnswer } from '../answers.ts';
import { valueOf, type Html, type Page, type Visit } from '../page.ts';
import { nextPage, pageQuery, state, table, time } from '../parts.ts';

const FILTERS = [
  ['act', 'Act', 'phase.set, or phase.* for all that begin so'],
  ['actor', 'Actor', 'cli:ada, token:ci, dashboard:…'],
  ['target', 'Target', 'A client, vendor, key …'],
  ['handle', 'Handle', 'Of a user'],
  ['since', 'Since (UTC)', '2026-11-23'],
  ['until', 'Until (UTC)', '2026-11-24'],
] as const;

/** The audit log, and whether its chain holds. */
export const AUDIT_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/audit' },
    handle: async (visit) => {
      const wanted = FILTERS.flatMap(([name]) => {
        const value = (visit.query.get(name) ?? '').trim();
        return value === '' ? [] : [[name, value] as const];
      });
      const query = { ...pageQuery(visit, 100), ...Object.fromEntries(wanted) };
      const { items, next } = await valueOf<ListOf<AuditAnswer>>(visit.ask('listAudit', { query }));
      return {
        ...{ kind: 'page', title: 'Audit log' },
        body: html`<section id="chain" aria-labelledby="chain-title">
            <h2 id="chain-title">The chain</h2>
            <p>
              Every row carries the hash of the row before it. Looking at all of them takes a while
              in a long log.
            </p>
            <p>
              <a
                class="button"
                href="${visit.href('/audit/verify')}"
                hx-get="${visit.href('/audit/verify')}"
                hx-select="#chain"
                hx-target="#chain"
                hx-swap="outerHTML"
                >Verify the chain</a
              >
            </p>
          </section>
          <section>
            <h2>Entries</h2>
            ${filterForm(visit)} ${entries(items)} ${nextPage(visit, '/audit', next)}
          </section>`,
      };
    },
  },
  {
    ...{ method: 'get', path: '/audit/verify' },
    handle: async (visit) => {
      const found = await valueOf<VerificationAnswer>(visit.ask('verifyAudit'));
      return {
        ...{ kind: 'page', title: 'State of the audit log' },
        body: html`${chainView(found)}
          <p><a href="${visit.href('/audit')}">All entries</a></p>`,
      };
    },
  },
];

function chainView({ intact, head, rows, segments, found, damages }: VerificationAnswer): Html {
  return html`<section id="chain" aria-labelledby="chain-title" role="status">
    <h2 id="chain-title">The chain</h2>
    <dl class="facts">
      <div>
        <dt>State</dt>
        <dd>${state(intact, 'intact', `${found} damaged`)}</dd>
      </div>
      <div>
        <dt>Rows</dt>
        <dd>${rows}</dd>
      </div>
      <div>
        <dt>Segments</dt>
        <dd>${segments}</dd>
      </div>
    </dl>
    <p>Head, to be kept somewhere else: <code>${head}</code></p>
    ${
      damages.length === 0
        ? ''
        : html`<ul>
            ${damages.map(({ kind, position, message }) => html`<li>${kind} at ${position}: ${message}</li>`)}
          </ul>`
    }
  </section>`;
}

function filterForm({ href, query }: Visit): Html {
  return html`<form
    method="get"
    action="${href('/audit')}"
    class="filters"
    role="search"
    aria-label="Entries"
  >
    ${FILTERS.map(
      ([name, label, example]) =>
        html`<p class="field">
          <label for="filter-${name}">${label}</label>
          <input
            id="filter-${name}"
            name="${name}"
            value="${query.get(name) ?? ''}"
            placeholder="${example}"
            autocomplete="off"
          />
        </p>`,
    )}
    <button>Filter</button>
  </form>`;
}

function entries(items: readonly AuditAnswer[]): Html {
  const rows = items.map(
    (entry) =>
      html`<tr>
        <td>${entry.position}</td>
        <td>${time(entry.at)}</td>
        <td><code>${entry.act}</code></td>
        <td>${entry.actor}</td>
        <td class="wrap">${entry.target}</td>
        <td class="wrap">${entry.reason ?? ''}</td>
        <td class="wrap">
          ${Object.entries(entry.details ?? {}).map(
            ([name, value]) => html`<div><span class="none">${name}</span> ${String(value)}</div>`,
          )}
          ${entry.handle === null ? '' : html`<div><span class="none">handle</span> <code>${entry.handle}</code></div>`}
        </td>
      </tr>`,
  );
  return table(
    'Entries',
    ['Position', 'At (UTC)', 'Act', 'Actor', 'Target', 'Reason', 'Details'],
    rows,
  );
}
