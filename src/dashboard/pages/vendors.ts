import { html } from 'hono/html';

import { asProblem } from '../../admin/failure.ts';
import type { AdminProblem } from '../../admin/problems.ts';
import type { ClientListed, EditAnswer, ListOf, VendorAnswer } from '../answers.ts';
import { changesOf, fieldViews, membersOf, shownValue, type Field } from '../fields.ts';
import { valueOf, type Html, type Page, type PageAnswer, type Visit } from '../page.ts';
import {
  done,
  form,
  nextPage,
  pageQuery,
  phaseBadge,
  reasonField,
  reasonOf,
  table,
} from '../parts.ts';
import { problemView, statusOf } from '../problem-view.ts';

const FIELDS: readonly Field[] = [
  { name: 'name', label: 'Name', kind: 'text', required: true, hint: 'As users see it.' },
  { name: 'contacts', label: 'Contacts', kind: 'lines', hint: 'One a line.' },
  { name: 'policy_uri', label: 'Privacy policy', kind: 'text', hint: 'An https address.' },
  {
    ...{ name: 'allowed_subject_types', label: 'Subject types for its own registrations' },
    ...{ kind: 'lines', hint: 'pairwise, public, or both, one a line. Empty: pairwise.' },
  },
  { name: 'one_sector', label: 'One sector for all its clients', kind: 'check' },
  {
    name: 'notice',
    label: 'Tell users at their first login what the vendor will get',
    kind: 'check',
  },
  {
    ...{ name: 'disconnect', label: 'When users disconnect it', kind: 'select' },
    options: ['new_subject', 'same_subject', 'forbidden'],
  },
];

const ID: Field = {
  ...{ name: 'id', label: 'Id', kind: 'text', required: true },
  hint: 'Letters, digits, ".", "_" and "-"; it stays.',
};

type Members = Readonly<Record<string, unknown>>;

/** Vendors: the list, one of them, and the forms that make and change one. */
export const VENDOR_PAGES: readonly Page[] = [
  {
    ...{ method: 'get', path: '/vendors' },
    handle: async (visit) => {
      const query = pageQuery(visit);
      const { items, next } = await valueOf<ListOf<VendorAnswer>>(
        visit.ask('listVendors', { query }),
      );
      const rows = items.map(
        ({ id, name, clients }) =>
          html`<tr>
            <td><a href="${pathOf(visit, id)}">${name}</a></td>
            <td><code>${id}</code></td>
            <td>${clients.length}</td>
          </tr>`,
      );
      const add = visit.can('operate')
        ? html`<p class="actions">
            <a class="button main" href="${visit.href('/new-vendor')}">Add a vendor</a>
          </p>`
        : '';
      const body = html`${done(visit, { deleted: 'The vendor is gone.' })} ${add}
        <section>
          ${table('Vendors', ['Name', 'Id', 'Clients'], rows)} ${nextPage(visit, '/vendors', next)}
        </section>`;
      return { kind: 'page', title: 'Vendors', body };
    },
  },
  {
    ...{ method: 'get', path: '/new-vendor' },
    handle: async (visit) => creation(visit, () => ''),
  },
  {
    ...{ method: 'post', path: '/vendors' },
    handle: async (visit) => {
      try {
        const body = { ...membersOf([ID, ...FIELDS], visit.form), ...reasonOf(visit) };
        const { id } = await valueOf<EditAnswer>(visit.ask('createVendor', { body }));
        return { kind: 'redirect', to: `/vendors/${encodeURIComponent(id)}` };
      } catch (error) {
        return creation(visit, (name) => visit.form.get(name) ?? '', asProblem(error));
      }
    },
  },
  {
    ...{ method: 'get', path: '/vendors/:vendor' },
    handle: async (visit) => shown(visit),
  },
  {
    ...{ method: 'post', path: '/vendors/:vendor' },
    handle: async (visit) => {
      const { vendor = '' } = visit.path;
      try {
        const { value } = await visit.ask('showVendor', { path: { vendor } });
        const body = { ...changesOf(FIELDS, visit.form, value as Members), ...reasonOf(visit) };
        const state = visit.form.get('state') ?? '';
        await visit.ask('changeVendor', { path: { vendor }, body, state });
        return { kind: 'redirect', to: `/vendors/${encodeURIComponent(vendor)}?done=changed` };
      } catch (error) {
        return shown(visit, asProblem(error));
      }
    },
  },
];

function creation(
  visit: Visit,
  values: (name: string) => string,
  problem?: AdminProblem,
): PageAnswer {
  const fields = fieldViews([ID, ...FIELDS], values, problem?.options.mistakes);
  return {
    ...{
      kind: 'page',
      title: 'Add a vendor',
      status: problem === undefined ? 200 : statusOf(problem),
    },
    body: html`${problem === undefined ? '' : problemView(problem)}
      <section>
        ${form(
          visit,
          '/vendors',
          html`<div class="fields">${fields}</div>
            ${reasonField('why')} <button class="main">Add</button>`,
        )}
      </section>`,
  };
}

async function shown(visit: Visit, problem?: AdminProblem): Promise<PageAnswer> {
  const { vendor: id = '' } = visit.path;
  const { value, state } = await visit.ask('showVendor', { path: { vendor: id } });
  const vendor = value as VendorAnswer & Members;
  const query = { vendor: id, limit: '1000' };
  const clients = await valueOf<ListOf<ClientListed>>(visit.ask('listClients', { query }));
  return {
    ...{
      kind: 'page',
      title: vendor.name,
      status: problem === undefined ? 200 : statusOf(problem),
    },
    body: html`${problem === undefined ? '' : problemView(problem)}
      ${done(visit, { changed: 'Changed.' })}
      <section>
        <h2>Clients</h2>
        ${clientsOf(visit, clients.items)}
        ${
          visit.can('operate')
            ? html`<p>
                <a
                  class="button"
                  href="${visit.href(`/new-client?vendor=${encodeURIComponent(id)}`)}"
                  >Add a client</a
                >
              </p>`
            : ''
        }
      </section>
      <section>
        <h2>Settings</h2>
        ${visit.can('operate') ? changeForm(visit, vendor, state, problem) : factsOf(vendor)}
      </section>
      ${
        visit.can('operate')
          ? html`<p class="actions">
              <a class="button" href="${pathOf(visit, id)}/delete">Delete</a>
            </p>`
          : ''
      }`,
  };
}

function clientsOf(visit: Visit, clients: readonly ClientListed[]): Html {
  const rows = clients.map(
    ({ client_id: id, phase, percent, sector }) =>
      html`<tr>
        <td><a href="${visit.href(`/clients/${encodeURIComponent(id)}`)}">${id}</a></td>
        <td>${phaseBadge(phase, { percent })}</td>
        <td><code>${sector}</code></td>
      </tr>`,
  );
  return table('Clients of the vendor', ['Client', 'Phase', 'Sector'], rows);
}

function changeForm(
  visit: Visit,
  vendor: VendorAnswer & Members,
  state: string | undefined,
  problem?: AdminProblem,
): Html {
  const values = (name: string): string => {
    const field = FIELDS.find((each) => each.name === name);
    if (problem !== undefined) return visit.form.get(name) ?? '';
    return field === undefined ? '' : shownValue(field, vendor);
  };
  return form(
    visit,
    `/vendors/${encodeURIComponent(vendor.id)}`,
    html`<input type="hidden" name="state" value="${state ?? ''}" />
      <div class="fields">${fieldViews(FIELDS, values, problem?.options.mistakes)}</div>
      ${reasonField('why')} <button class="main">Change</button>`,
  );
}

function factsOf(vendor: Members): Html {
  return html`<dl class="facts">
    ${FIELDS.map(
      (field) =>
        html`<div>
          <dt>${field.label}</dt>
          <dd>${shownValue(field, vendor) || '—'}</dd>
        </div>`,
    )}
  </dl>`;
}

function pathOf(visit: Visit, id: string): string {
  return visit.href(`/vendors/${encodeURIComponent(id)}`);
}
