import { html } from 'hono/html';

import type { ClientRemovalAnswer, VendorRemovalAnswer } from '../answers.ts';
import { operationForm } from '../operation-form.ts';
import { valueOf, type Html, type Page, type Visit } from '../page.ts';

const clientOf = ({ path }: Visit): string => path['client'] ?? '';
const vendorOf = ({ path }: Visit): string => path['vendor'] ?? '';

const COMMON = { role: 'operator', fields: [], initial: () => '' } as const;

/** Clients and vendors that are to go: what goes with them is counted first. */
export const REMOVAL_PAGES: readonly Page[] = [
  ...operationForm({
    ...{ ...COMMON, path: '/clients/:client/delete', operation: 'deleteClient' },
    address: (visit) => `/clients/${encodeURIComponent(clientOf(visit))}/delete`,
    title: (visit) => `Delete the client ${clientOf(visit)}`,
    ...{ button: 'Delete the client', sure: 'This client is not needed any more.' },
    about: async (visit) => {
      const path = { client: clientOf(visit) };
      const { state } = await visit.ask('showClient', { path });
      const plan = await valueOf<ClientRemovalAnswer>(visit.ask('showClientRemoval', { path }));
      return { text: ofClient(plan), state };
    },
    asked: (visit, { reason, confirm }) => ({
      ...{ path: { client: clientOf(visit) }, state: visit.form.get('state') ?? '' },
      ...said(reason, confirm),
    }),
    done: () => ({ kind: 'redirect', to: '/clients?done=deleted' }),
  }),
  ...operationForm({
    ...{ ...COMMON, path: '/vendors/:vendor/delete', operation: 'deleteVendor' },
    address: (visit) => `/vendors/${encodeURIComponent(vendorOf(visit))}/delete`,
    title: (visit) => `Delete the vendor ${vendorOf(visit)}`,
    ...{ button: 'Delete the vendor', sure: 'This vendor is not needed any more.' },
    about: async (visit) => {
      const path = { vendor: vendorOf(visit) };
      const { state } = await visit.ask('showVendor', { path });
      const plan = await valueOf<VendorRemovalAnswer>(visit.ask('showVendorRemoval', { path }));
      const isClosed = plan.clients.length > 0 || plan.held_sectors.length > 0;
      return { text: ofVendor(visit, plan, isClosed), state, isClosed };
    },
    asked: (visit, { reason, confirm }) => ({
      ...{ path: { vendor: vendorOf(visit) }, state: visit.form.get('state') ?? '' },
      ...said(reason, confirm),
    }),
    done: () => ({ kind: 'redirect', to: '/vendors?done=deleted' }),
  }),
];

function said(reason: unknown, confirm: unknown) {
  return {
    confirm: confirm === true,
    ...(typeof reason === 'string' && { reason }),
  };
}

function ofClient(plan: ClientRemovalAnswer): Html {
  const { other_clients: others } = plan;
  const sharing = others.length === 0 ? 'no other client' : others.join(', ');
  return html`<p>
      Nobody can log in to it any more, its tokens are dead at once, and its recorded phases are
      gone. The pseudonyms stay, and the sector stays the vendor’s while there are any.
    </p>
    ${facts([
      ['Vendor', plan.vendor],
      ['Sector', plan.sector],
      ['Users with a pseudonym in its sector', plan.users],
      ['Also in the sector', sharing],
      ['Recorded phases, which go', plan.recorded_phases],
      ['Mapping tokens, which end', plan.mapping_tokens],
      ['Client at the provider', plan.has_upstream_client ? 'given back, or deleted there' : '—'],
    ])}`;
}

function ofVendor({ href }: Visit, plan: VendorRemovalAnswer, isClosed: boolean): Html {
  const { clients, held_sectors: held } = plan;
  const reasons = [
    ...clients.map(
      (id) =>
        html`<li>
          It has the client
          <a href="${href(`/clients/${encodeURIComponent(id)}/delete`)}">${id}</a>, which goes
          first.
        </li>`,
    ),
    ...held.map(
      ({ sector, users, linked }) =>
        html`<li>
          Its sector <code>${sector}</code> stays reserved: users with a pseudonym there:
          ${users}${linked ? '; it is linked' : ''}.
        </li>`,
    ),
  ];
  if (isClosed) {
    return html`<p>It cannot be deleted as things are.</p>
      <ul>
        ${reasons}
      </ul>`;
  }
  return html`<p>It has no clients, and no users with pseudonyms.</p>
    ${facts([
      ['Tokens to register clients, which end', plan.initial_tokens],
      ['Clients of the provider kept ready for it', plan.prepared_clients],
    ])}`;
}

function facts(rows: readonly (readonly [string, string | number])[]): Html {
  return html`<dl class="facts">
    ${rows.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
