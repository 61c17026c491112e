import { z } from 'zod';

import { orUnavailable } from '../../database/connection.ts';
import {
  addClient,
  editClient,
  newClientSecret,
  renewClientSecret,
} from '../../operations/edit-client.ts';
import {
  clientRemovalView,
  clientSummary,
  clientView,
  editView,
} from '../../operations/registry-view.ts';
import { renewRegistrationToken } from '../../operations/registered-clients.ts';
import { planClientRemoval } from '../../operations/removal-plan.ts';
import { removeClient } from '../../operations/remove-client.ts';
import { readClient, readClients, type StoredClient } from '../../vendors/client-store.ts';
import type { AdminContext } from '../context.ts';
import { NO_SOURCES, sentClient, sentClientChange, withoutNamedSecrets } from '../entries.ts';
import { clientDetails, clientListed, clientRemoval } from '../client-schemas.ts';
import { stale } from '../failure.ts';
import { pageAfter } from '../page.ts';
import { confirmMember, pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { edit } from '../schemas.ts';

const CLIENT = '/clients/{client}';

const generateMember = {
  generate_secret: z
    .boolean()
    .optional()
    .describe('Make a random client_secret; it is shown once.'),
};
const secret = { client_secret: z.string().optional().describe('Shown once, where one was made.') };

/** OAuth clients. */
export const CLIENT_ROUTES = [
  route({
    ...{ id: 'listClients', method: 'get', path: '/clients', tag: 'clients', scope: 'read' },
    summary: 'List all clients, or those of a vendor',
    query: z.strictObject({ ...pageQuery, vendor: z.string().max(255).optional() }),
    answer: { status: 200, description: 'By client_id.', schema: pageOf(clientListed) },
    handle: async ({ db, atRest }, { query }) => {
      const stored = await orUnavailable(() => readClients(db, atRest));
      const wanted = stored.filter(
        ({ client }) => query.vendor === undefined || client.vendorId === query.vendor,
      );
      const { items, next } = pageAfter(wanted, ({ client }) => client.clientId, query);
      return { value: { items: items.map(clientSummary), next } };
    },
  }),
  route({
    ...{ id: 'createClient', method: 'post', path: '/vendors/{vendor}/clients', tag: 'clients' },
    ...{ scope: 'operate', summary: 'Add a client to a vendor, by the rules of `apply`' },
    repeats: 'keyed',
    body: z.looseObject({ ...reasonMember, ...generateMember }),
    bodyDocument: sentClient.extend({ ...reasonMember, ...generateMember }),
    answer: { status: 201, description: 'It was added.', schema: edit.extend(secret) },
    problems: ['conflict', 'entry_invalid', 'upstream_failed'],
    handle: async (context, { path, body, by }) => {
      const { reason: _, generate_secret: generate, ...given } = body;
      const made = generate === true ? { client_secret: newClientSecret() } : {};
      const entry = { members: { ...withoutNamedSecrets(given), ...made }, sources: NO_SOURCES };
      const plan = await addClient(context, path.vendor, entry, by);
      const id = plan.changes[0]?.id ?? '';
      return {
        value: { ...editView(plan), ...made },
        location: `/clients/${encodeURIComponent(id)}`,
      };
    },
  }),
  route({
    ...{ id: 'showClient', method: 'get', path: CLIENT, tag: 'clients', scope: 'read' },
    summary: 'Show a client; never its secrets',
    answer: { status: 200, description: 'The client.', schema: clientDetails, hasState: true },
    handle: async (context, { path }) => {
      const stored = await clientNamed(context, path.client);
      return { value: clientView(stored), state: stateOf(stored) };
    },
  }),
  route({
    ...{ id: 'changeClient', method: 'patch', path: CLIENT, tag: 'clients', scope: 'operate' },
    summary: 'Change some members of a client',
    description:
      'RFC 7396: `null` takes a member away. A change of sector that would change anybody’s ' +
      '`sub` needs `confirm`; without it the answer says how many users that would be.',
    needsState: true,
    body: z.looseObject({ ...reasonMember, ...confirmMember }),
    bodyDocument: sentClientChange.extend({ ...reasonMember, ...confirmMember }),
    answer: { status: 200, description: 'What was changed.', schema: edit, hasState: true },
    problems: ['confirmation_required', 'conflict', 'entry_invalid', 'upstream_failed'],
    handle: async (context, { path, body, by, state }) => {
      const { reason: _, confirm, ...members } = body;
      const { revision } = await seen(context, path.client, state);
      const change = {
        ...{ clientId: path.client, revision },
        entry: { members: withoutNamedSecrets(members), sources: NO_SOURCES },
        sectorChange: confirm === true ? 'allowed' : 'refused',
      } as const;
      const plan = await editClient(context, change, by);
      return {
        value: editView(plan),
        state: stateOf(await clientNamed(context, path.client)),
      };
    },
  }),
  route({
    ...{ id: 'showClientRemoval', method: 'get', path: `${CLIENT}/removal`, tag: 'clients' },
    ...{ scope: 'read', summary: 'Say what removing a client would do' },
    answer: { status: 200, description: 'Nothing was done.', schema: clientRemoval },
    handle: async (context, { path }) => ({
      value: clientRemovalView(await planClientRemoval(context, path.client)),
    }),
  }),
  route({
    ...{ id: 'deleteClient', method: 'delete', path: CLIENT, tag: 'clients', scope: 'operate' },
    summary: 'Remove a client with its recorded phases; its tokens are dead',
    needsState: true,
    needsConfirmation: 'This removes the client with its recorded phases; its tokens are dead.',
    answer: { status: 204, description: 'It is gone.' },
    handle: async (context, { path, by, state }) => {
      const { revision } = await seen(context, path.client, state);
      await removeClient(context, { clientId: path.client, revision }, by);
      return {};
    },
  }),
  route({
    ...{ id: 'renewClientSecret', method: 'post', path: `${CLIENT}/secret`, tag: 'clients' },
    ...{ scope: 'operate', summary: 'Give a client another, random secret' },
    description: 'The one before is dead at once.',
    repeats: 'keyed',
    needsConfirmation: 'The secret that the vendor has now would be dead at once.',
    body: z.strictObject({ ...reasonMember, ...confirmMember }),
    answer: {
      status: 200,
      description: 'The secret, which is shown once.',
      schema: z.object({ client_id: z.string(), client_secret: z.string() }),
    },
    problems: ['conflict'],
    handle: async (context, { path, by }) => {
      const made = await renewClientSecret(context, { clientId: path.client }, by);
      return { value: { client_id: path.client, client_secret: made } };
    },
  }),
  route({
    ...{ id: 'renewRegistrationToken', method: 'post', tag: 'clients', scope: 'operate' },
    path: '/clients/{client}/registration-token',
    summary: 'Give the vendor of a client that it registered another token to manage it with',
    repeats: 'keyed',
    body: z.strictObject(reasonMember),
    answer: {
      status: 200,
      description: 'The token, which is shown once.',
      schema: z.object({ client_id: z.string(), registration_access_token: z.string() }),
    },
    handle: async (context, { path, by }) => {
      const token = await renewRegistrationToken(context, path.client, by);
      return { value: { client_id: path.client, registration_access_token: token } };
    },
  }),
];

/** The revision behind an `If-Match`, if the client is still as it was then. */
export async function seen(context: AdminContext, id: string, state: string | undefined) {
  const stored = await clientNamed(context, id);
  if (state !== undefined && state !== stateOf(stored)) {
    throw stale(`The client "${id}" has been changed meanwhile.`);
  }
  return { revision: state === undefined ? undefined : stored.revision };
}

/** One client as it is stored. */
export function clientNamed({ db, atRest }: AdminContext, id: string): Promise<StoredClient> {
  return orUnavailable(() => readClient(db, atRest, id));
}

/** A client of the same id that was removed and made anew is at another position of the log. */
export function stateOf({ client, revision }: StoredClient): string {
  return `${client.notBefore}-${revision}`;
}
