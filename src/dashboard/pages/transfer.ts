import { html } from 'hono/html';

import type { ClientAnswer } from '../answers.ts';
import { operationForm } from '../operation-form.ts';
import type { Page, Visit } from '../page.ts';

const addressOf = ({ path }: Visit): string =>
  `/clients/${encodeURIComponent(path['client'] ?? '')}`;

/** A client that becomes another vendor's. */
export const TRANSFER_PAGES: readonly Page[] = operationForm({
  ...{ path: '/clients/:client/transfer', address: (visit) => `${addressOf(visit)}/transfer` },
  ...{ role: 'operator', button: 'Transfer', operation: 'transferClient' },
  title: ({ path }) => `Transfer ${path['client'] ?? ''} to another vendor`,
  about: async (visit) => {
    const path = { client: visit.path['client'] ?? '' };
    const { value, state } = await visit.ask('showClient', { path });
    const { vendor, sector } = value as ClientAnswer;
    return {
      text: html`<p>
        The client is <strong>${vendor}</strong>’s, in the sector <code>${sector}</code>. The sector
        goes along with all pseudonyms where no other client is in it; otherwise a new one has to be
        named, which gives its users another subject. The tokens of the client end.
      </p>`,
      state,
    };
  },
  fields: [
    {
      ...{ name: 'to', label: 'To the vendor', kind: 'text', required: true },
      hint: 'Its id.',
    },
    {
      ...{ name: 'new_sector', label: 'New sector', kind: 'text' },
      hint: 'Empty: its sector goes along.',
    },
  ],
  initial: () => '',
  asked: (visit, body) => ({
    path: { client: visit.path['client'] ?? '' },
    ...{ body, state: visit.form.get('state') ?? '' },
  }),
  done: (visit) => ({ kind: 'redirect', to: `${addressOf(visit)}?done=transferred` }),
});
