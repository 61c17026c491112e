import { z } from 'zod';

import { exportMapping } from '../../operations/export-mapping.ts';
import {
  createMappingToken,
  listMappingTokens,
  revokeMappingToken,
} from '../../operations/mapping-tokens.ts';
import type { MappingToken } from '../../vendors/mapping-token-store.ts';
import { byKey, pageAfter } from '../page.ts';
import { confirmMember, pageOf, pageQuery, reason, reasonMember, route } from '../route.ts';
import { instant } from '../schemas.ts';

const token = z.object({
  id: z.string(),
  client_id: z.string(),
  created_at: instant,
  expires_at: instant,
});

const TOKENS = '/clients/{client}/mapping-tokens';

/** How a vendor comes from original subjects to pseudonyms. */
export const MAPPING_ROUTES = [
  route({
    ...{ id: 'listMappingTokens', method: 'get', path: TOKENS, tag: 'clients', scope: 'read' },
    summary: 'List the tokens with which a vendor asks for the new subjects of its users',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Never what they are.', schema: pageOf(token) },
    handle: async (context, { path, query }) => {
      const tokens = await listMappingTokens(context, path.client);
      const { items, next } = pageAfter(
        byKey(tokens, ({ id }) => id),
        ({ id }) => id,
        query,
      );
      return { value: { items: items.map(shown), next } };
    },
  }),
  route({
    ...{ id: 'createMappingToken', method: 'post', path: TOKENS, tag: 'clients' },
    ...{ scope: 'privacy', summary: 'Give the vendor of a client such a token' },
    description: 'Whoever has it, and original subjects, learns whose pseudonyms are whose.',
    repeats: 'keyed',
    body: z.strictObject({
      ...reasonMember,
      days: z.int().min(1).max(90).default(7).describe('Until it expires.'),
    }),
    answer: {
      status: 201,
      description: 'The token, which is shown once.',
      schema: token.extend({ token: z.string() }),
    },
    handle: async (context, { path, body: { days }, by }) => {
      const made = await createMappingToken(context, { clientId: path.client, days }, by);
      const location = `/clients/${encodeURIComponent(path.client)}/mapping-tokens/${made.id}`;
      return { value: { ...shown(made), token: made.token }, location };
    },
  }),
  route({
    ...{ id: 'revokeMappingToken', method: 'delete', path: `${TOKENS}/{token}`, tag: 'clients' },
    ...{ scope: 'operate', summary: 'End such a token' },
    answer: { status: 204, description: 'It is dead.' },
    handle: async (context, { path, by }) => {
      await revokeMappingToken(context, { clientId: path.client, id: path.token }, by);
      return {};
    },
  }),
  route({
    ...{ id: 'exportMapping', method: 'post', path: '/clients/{client}/mapping', tag: 'clients' },
    ...{
      scope: 'privacy',
      summary: 'Get the original and the new subject of users whom a vendor has',
    },
    description: 'One JSON object a line. An answer that ends without its last chunk is not whole.',
    needsConfirmation: 'Whoever reads it can tell who the users of the client are.',
    body: z.strictObject({ reason, ...confirmMember }),
    answer: {
      status: 200,
      description: 'Pairs.',
      lines: z.object({ local_subject: z.string(), sub: z.string() }),
    },
    handle: async (context, { path, by }) => ({
      lines: linesOf(exportMapping(context, path.client, by)),
    }),
  }),
];

async function* linesOf(pages: ReturnType<typeof exportMapping>): AsyncGenerator<string> {
  for await (const page of pages) {
    for (const { localSubject, sub } of page) {
      yield JSON.stringify({ local_subject: localSubject, sub });
    }
  }
}

function shown({ id, clientId, createdAt, expiresAt }: MappingToken) {
  return { id, client_id: clientId, created_at: createdAt, expires_at: expiresAt };
}
