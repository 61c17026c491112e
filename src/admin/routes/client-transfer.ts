import { z } from 'zod';

import { transferView } from '../../operations/registry-view.ts';
import { orUnavailable } from '../../database/connection.ts';
import { planTransfer, transferClient, type Transfer } from '../../operations/transfer-client.ts';
import { AdminProblem } from '../problems.ts';
import { confirmMember, reasonMember, route } from '../route.ts';
import { clientNamed, seen, stateOf } from './clients.ts';

const name = z.string().min(1).max(255);

/** A client that becomes another vendor's. */
export const TRANSFER_ROUTES = [
  route({
    ...{ id: 'transferClient', method: 'post', path: '/clients/{client}/transfer' },
    ...{ tag: 'clients', scope: 'operate', summary: 'Make a client another vendor’s' },
    description:
      'Its sector goes along with all pseudonyms, unless `new_sector` names another one, which ' +
      'gives its users another `sub`. Its tokens end. It needs `confirm`; without it the answer ' +
      'says whose `sub` would change.',
    needsState: true,
    repeats: 'keyed',
    body: z.strictObject({
      ...{ ...reasonMember, ...confirmMember },
      to: name.describe('The vendor that it shall belong to.'),
      new_sector: name.optional().describe('Leave its sector for this one.'),
    }),
    answer: {
      status: 200,
      description: 'What was done.',
      schema: z.object({
        ...{ client_id: z.string(), from: z.string(), to: z.string() },
        ...{ sector: z.string(), from_sector: z.string() },
        changed_subjects: z.int().describe('Users whose `sub` changed.'),
      }),
      hasState: true,
    },
    problems: ['confirmation_required', 'conflict', 'entry_invalid'],
    handle: async (context, { path, body, by, state }) => {
      const { revision } = await seen(context, path.client, state);
      const { to, new_sector: newSector, confirm } = body;
      const clientId = path.client;
      const request = { clientId, to, newSector, revision };
      if (confirm !== true)
        throw unconfirmed(await orUnavailable(() => planTransfer(context, request)));
      const allowed = { ...request, sectorChange: 'allowed' } as const;
      const value = transferView(await transferClient(context, allowed, by));
      return { value, state: stateOf(await clientNamed(context, clientId)) };
    },
  }),
];

function unconfirmed({ clientId, from, to, fromSector, toSector, users }: Transfer): AdminProblem {
  const detail =
    fromSector === toSector
      ? `The client "${clientId}" of "${from}" would be "${to}"'s, with its sector "${toSector}"; its tokens end.`
      : `The client "${clientId}" of "${from}" would be "${to}"'s, in the sector "${toSector}", which changes subjects; its tokens end.`;
  const hint = 'Nothing was changed. Send it again with "confirm": true to do it.';
  const changed = fromSector === toSector ? 0 : users;
  return new AdminProblem('confirmation_required', detail, { hint, users: changed });
}
