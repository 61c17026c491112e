import { z } from 'zod';

import { orUnavailable } from '../../database/connection.ts';
import {
  createInitialToken,
  listInitialTokens,
  revokeInitialToken,
} from '../../operations/initial-tokens.ts';
import {
  listPreparedClients,
  prepareClient,
  withdrawPreparedClient,
} from '../../operations/prepared-clients.ts';
import type { InitialToken } from '../../vendors/registration-store.ts';
import { byKey, pageAfter } from '../page.ts';
import { pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { instant } from '../schemas.ts';

const initialToken = z.object({
  id: z.string(),
  vendor: z.string(),
  uses_left: z.int(),
  created_at: instant,
  expires_at: instant,
});

const upstreamClient = z.object({
  upstream_client_id: z.string(),
  vendor: z.string(),
  created_at: instant,
});

const TOKENS = '/vendors/{vendor}/initial-tokens';
const UPSTREAM_CLIENTS = '/vendors/{vendor}/upstream-clients';

/** What vendors register clients with. */
export const VENDOR_REGISTRATION_ROUTES = [
  route({
    ...{ id: 'listInitialTokens', method: 'get', path: TOKENS, tag: 'vendors', scope: 'read' },
    summary: 'List the tokens with which a vendor registers clients',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Never what they are.', schema: pageOf(initialToken) },
    handle: async (context, { path, query }) => {
      const tokens = await listInitialTokens(context, path.vendor);
      const sorted = byKey(tokens, ({ id }) => id);
      const { items, next } = pageAfter(sorted, ({ id }) => id, query);
      return { value: { items: items.map(shown), next } };
    },
  }),
  route({
    ...{ id: 'createInitialToken', method: 'post', path: TOKENS, tag: 'vendors' },
    ...{ scope: 'operate', summary: 'Give a vendor a token to register clients with' },
    repeats: 'keyed',
    body: z.strictObject({
      ...reasonMember,
      uses: z.int().min(1).max(1000).default(1).describe('Registrations that it is good for.'),
      days: z.int().min(1).max(366).default(7).describe('Until it expires.'),
    }),
    answer: {
      status: 201,
      description: 'The token, which is shown once.',
      schema: initialToken.extend({ token: z.string() }),
    },
    problems: ['unknown'],
    handle: async (context, { path, body: { uses, days }, by }) => {
      const request = { vendorId: path.vendor, uses, days };
      const { token, ...row } = await createInitialToken(context, request, by);
      const location = `/vendors/${encodeURIComponent(path.vendor)}/initial-tokens/${row.id}`;
      return { value: { ...shown(row), token }, location };
    },
  }),
  route({
    ...{ id: 'revokeInitialToken', method: 'delete', path: `${TOKENS}/{token}`, tag: 'vendors' },
    ...{ scope: 'operate', summary: 'End a token; clients that it registered stay' },
    answer: { status: 204, description: 'It is dead.' },
    handle: async (context, { path, by }) => {
      await revokeInitialToken(context, { vendorId: path.vendor, id: path.token }, by);
      return {};
    },
  }),
  route({
    ...{ id: 'listUpstreamClients', method: 'get', path: UPSTREAM_CLIENTS, tag: 'vendors' },
    ...{ scope: 'read', summary: 'List the clients of the upstream that wait for registrations' },
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Without secrets.', schema: pageOf(upstreamClient) },
    handle: async (context, { path, query }) => {
      const prepared = await orUnavailable(() => listPreparedClients(context, path.vendor));
      const all = prepared
        .map((each) => ({
          ...{ upstream_client_id: each.upstreamClientId, vendor: each.vendorId },
          created_at: each.createdAt,
        }))
        .toSorted((a, b) =>
          Buffer.compare(Buffer.from(a.upstream_client_id), Buffer.from(b.upstream_client_id)),
        );
      return { value: pageAfter(all, (each) => each.upstream_client_id, query) };
    },
  }),
  route({
    ...{ id: 'prepareUpstreamClient', method: 'post', path: UPSTREAM_CLIENTS, tag: 'vendors' },
    ...{ scope: 'operate', summary: 'Keep a client of the upstream ready for a registration' },
    description: 'It needs the redirect URI `ISSUER/oidc/callback` there.',
    repeats: 'keyed',
    body: z.strictObject({
      ...reasonMember,
      upstream_client_id: z
        .string()
        .min(1)
        .max(255)
        .regex(/^[\x20-\x7e]+$/, 'use printable ASCII characters'),
      client_secret: z
        .string()
        .min(1)
        .max(1000)
        .regex(/^[\x20-\x7e]+$/, 'use printable ASCII characters'),
    }),
    answer: { status: 201, description: 'It waits.' },
    problems: ['unknown', 'conflict'],
    handle: async (context, { path, body, by }) => {
      const { upstream_client_id: upstreamClientId, client_secret: clientSecret } = body;
      await prepareClient(context, { vendorId: path.vendor, upstreamClientId, clientSecret }, by);
      return { location: `${pathOf(path.vendor)}/${encodeURIComponent(upstreamClientId)}` };
    },
  }),
  route({
    ...{ id: 'withdrawUpstreamClient', method: 'delete', tag: 'vendors', scope: 'operate' },
    path: '/vendors/{vendor}/upstream-clients/{client}',
    summary: 'Keep a client of the upstream ready no longer; there it stays',
    answer: { status: 204, description: 'It waits no more.' },
    handle: async (context, { path, by }) => {
      const prepared = { vendorId: path.vendor, upstreamClientId: path.client };
      await withdrawPreparedClient(context, prepared, by);
      return {};
    },
  }),
];

function pathOf(vendor: string): string {
  return `/vendors/${encodeURIComponent(vendor)}/upstream-clients`;
}

function shown({ id, vendorId, usesLeft, createdAt, expiresAt }: InitialToken) {
  return {
    ...{ id, vendor: vendorId, uses_left: usesLeft },
    ...{ created_at: createdAt, expires_at: expiresAt },
  };
}
