import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { ClientListed, EditAnswer, ListOf, VendorAnswer } from '../answers.ts';
import { fieldViews, membersOf } from '../fields.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import {
  done,
  form,
  nextPage,
  pageQuery,
  phaseBadge,
  reasonField,
  reasonOf,
  shownOnce,
  state,
  table,
} from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';
import { fieldsFor } from './client-fields.ts';

const FIELDS = fieldsFor('creation');

/** Clients: the list, and the form that adds one. */
export const CLIENT_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/clients' },
    handle: async (visit) => {
      const vendor = (visit.query.get('vendor') ?? '').trim();
      const query = { ...pageQuery(visit), ...(vendor !== '' && { vendor }) };
      const { items, next } = await valueOf<ListOf<ClientListed>>(
        visit.ask('listClients', { query }),
      );
      const add = visit.can('operate')
        ? html`<p class="actions">
            <a class="button main" href="${visit.href('/new-client')}">Add a client</a>
          </p>`
        : '';
      return {
        ...{ kind: 'page', title: 'Clients' },
        body: html`${done(visit, { deleted: 'The client is gone.' })} ${add}
          <section>
            <form
              method="get"
              action="${visit.href('/clients')}"
              class="filters"
              role="search"
              aria-label="Clients"
            >
              <p class="field">
                <label for="filter-vendor">Of the vendor</label>
                <input id="filter-vendor" name="vendor" value="${vendor}" autocomplete="off" />
              </p>
              <button>Filter</button>
            </form>
            <div id="clients">
              ${clientTable(visit, items)} ${nextPage(visit, '/clients', next)}
            </div>
          </section>`,
      };
    },
  },
  {
    ...{ method: 'get', path: '/new-client' },
    handle: async (visit) => creation(visit, visit.query.get('vendor') ?? '', () => ''),
  },
  {
    ...{ method: 'post', path: '/clients' },
    handle: async (visit) => {
      const vendor = visit.form.get('vendor') ?? '';
      try {
        const body = { ...membersOf(FIELDS, visit.form), ...reasonOf(visit) };
        const made = await valueOf<EditAnswer>(
          visit.ask('createClient', { path: { vendor }, body }),
        );
        return creationDone(visit, made);
      } catch (error) {
        const problem = asProblem(error);
        return creation(visit, vendor, (name) => visit.form.get(name) ?? '', problem);
      }
    },
  },
];

function clientTable(visit: Visit, items: readonly ClientListed[]): Html {
  const rows = items.map(
    (client) =>
      html`<tr>
        <td>
          <a href="${visit.href(`/clients/${encodeURIComponent(client.client_id)}`)}"
            >${client.client_id}</a
          >
        </td>
        <td>
          <a href="${visit.href(`/vendors/${encodeURIComponent(client.vendor)}`)}"
            >${client.vendor}</a
          >
        </td>
        <td>${phaseBadge(client.phase, { percent: client.percent })}</td>
        <td><code>${client.sector}</code></td>
        <td>${client.authentication}</td>
        <td>${state(!client.can_bypass, 'closed', 'open')}</td>
      </tr>`,
  );
  const heads = ['Client', 'Vendor', 'Phase', 'Sector', 'Authentication', 'Way round the proxy'];
  return table('Clients', heads, rows);
}

async function creation(
  visit: Visit,
  vendor: string,
  values: (name: string) => string,
  problem?: AdminProblem,
): Promise<PageAnswer> {
  const query = { limit: '1000' };
  const vendors = await valueOf<ListOf<VendorAnswer>>(visit.ask('listVendors', { query }));
  const options = vendors.items.map(
    ({ id, name }) =>
      html`<option value="${id}" ${id === vendor ? html`selected` : ''}>${name} (${id})</option>`,
  );
  const fields = html`<p class="field">
      <label for="vendor">Vendor</label>
      <select id="vendor" name="vendor" required>
        ${options}
      </select>
    </p>
    <div class="fields">${fieldViews(FIELDS, values, problem?.options.mistakes)}</div>
    ${reasonField('why')} <button class="main">Add</button>`;
  return {
    ...{
      kind: 'page',
      title: 'Add a client',
      status: problem === undefined ? 200 : statusOf(problem),
    },
    body: html`${problem === undefined ? '' : problemView(problem)}
      <section>${form(visit, '/clients', fields)}</section>`,
  };
}

/** A secret is shown here and nowhere again, so there is no redirect. */
function creationDone(
  visit: Visit,
  { id, client_secret: secret, warnings }: EditAnswer,
): PageAnswer {
  return {
    ...{ kind: 'page', title: `${id} was added` },
    body: html`${secret === undefined ? '' : shownOnce('The client’s secret', secret)}
      ${
        warnings.length === 0
          ? ''
          : html`<section class="notice">
              <ul>
                ${warnings.map(({ wrong, right }) => html`<li>${wrong}; ${right}</li>`)}
              </ul>
            </section>`
      }
      <p class="actions">
        <a class="button main" href="${visit.href(`/clients/${encodeURIComponent(id)}`)}"
          >Go to the client</a
        >
      </p>`,
  };
}
