import { html } from 'hono/html';

import type { ListOf, SectorAnswer } from '../answers.ts';
import { valueOf, type Html, type Page, type Visit } from '../page.ts';
import { nextPage, pageQuery, state, table, time } from '../parts.ts';

/** Sectors: whose they are, which clients share one, and what vouches for them. */
export const SECTOR_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/sectors' },
    handle: async (visit) => {
      const query = pageQuery(visit);
      const { items, next } = await valueOf<ListOf<SectorAnswer>>(
        visit.ask('listSectors', { query }),
      );
      const rows = items.map(
        ({ sector, vendor, clients, documents, ...link }) =>
          html`<tr>
            <td><code>${sector}</code> ${linkOf(visit, sector, link)}</td>
            <td><a href="${visit.href(`/vendors/${encodeURIComponent(vendor)}`)}">${vendor}</a></td>
            <td class="wrap">
              ${
                clients.length === 0
                  ? html`<span class="none">none; it stays reserved</span>`
                  : clients.map(
                      (id) =>
                        html`<a href="${visit.href(`/clients/${encodeURIComponent(id)}`)}"
                          >${id}</a
                        > `,
                    )
              }
            </td>
            <td class="wrap">
              ${
                documents.length === 0
                  ? html`<span class="none">—</span>`
                  : documents.map(
                      (each) =>
                        html`<div>
                          ${state(each.failing_since === null, 'vouched for', 'does not hold')}
                          <code>${each.sector_identifier_uri}</code>
                          <span class="hint"
                            >${each.problem ?? ''} looked at ${time(each.checked_at)}</span
                          >
                        </div>`,
                    )
              }
            </td>
          </tr>`,
      );
      const heads = ['Sector', 'Vendor', 'Clients', 'Document'];
      return {
        ...{ kind: 'page', title: 'Sectors' },
        body: html`${actions(visit)}
          <section>
            <p>The clients of a sector know a user under the same pseudonym.</p>
            ${table('Sectors', heads, rows)} ${nextPage(visit, '/sectors', next)}
          </section>`,
      };
    },
  },
];

type Link = Pick<SectorAnswer, 'linked_into' | 'link_state' | 'between_vendors'>;

/** Whether the sector uses the subjects of another one. */
function linkOf(
  visit: Visit,
  sector: string,
  { linked_into: into, link_state: state, between_vendors: isBetween }: Link,
): Html {
  if (into === null) return html``;
  const address = visit.href(`/sectors/unlink?sector=${encodeURIComponent(sector)}`);
  return html`<span class="hint">
    ${state} into <code>${into}</code>${isBetween ? ', of another vendor' : ''}
    ${visit.can('operate') ? html`<a href="${address}">Unlink</a>` : ''}
  </span>`;
}

function actions(visit: Visit): Html {
  if (!visit.can('operate')) return html``;
  return html`<p class="actions">
    <a class="button" href="${visit.href('/sectors/link')}">Link two sectors</a>
  </p>`;
}
