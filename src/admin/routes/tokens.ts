import { z } from 'zod';

import {
  ADMIN_SCOPES,
  createAdminToken,
  ENVIRONMENT_TOKEN,
  listAdminTokens,
  revokeAdminToken,
} from '../../operations/admin-tokens.ts';
import { adminTokenView } from '../../operations/admin-token-view.ts';
import type { AdminContext, Caller } from '../context.ts';
import { AdminProblem } from '../problems.ts';
import { pageAfter } from '../page.ts';
import { pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { instant, maybeInstant } from '../schemas.ts';

const scopes = z.array(z.enum(ADMIN_SCOPES));

const token = z.object({
  name: z.string(),
  scopes,
  created_at: instant,
  expires_at: instant,
  revoked_at: maybeInstant,
  last_used: z.string().nullable().describe('The day.'),
});

/** Who may use this API. */
export const TOKEN_ROUTES = [
  route({
    ...{ id: 'showCaller', method: 'get', path: '/token', tag: 'tokens', scope: undefined },
    summary: 'Say which token this is, and what it is for',
    answer: {
      status: 200,
      description: 'The token that the request came with.',
      schema: z.object({ name: z.string(), scopes, expires_at: maybeInstant }),
    },
    handle: async (_context, { caller }) => {
      const { name, scopes: has, expiresAt } = caller;
      return { value: { name, scopes: has, expires_at: expiresAt ?? null } };
    },
  }),
  route({
    ...{ id: 'listTokens', method: 'get', path: '/tokens', tag: 'tokens', scope: 'read' },
    summary: 'List the tokens for this API',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Never what they are.', schema: pageOf(token) },
    handle: async (context, { query }) => {
      const all = await listAdminTokens(context);
      const { items, next } = pageAfter(all, ({ name }) => name, query);
      return { value: { items: items.map(adminTokenView), next } };
    },
  }),
  route({
    ...{ id: 'createToken', method: 'post', path: '/tokens', tag: 'tokens', scope: 'operate' },
    summary: 'Make a token for this API',
    description:
      'With scopes that the caller has, and until its own token expires at the latest: a token ' +
      'makes none that can do more than itself. With `privacy` only `ADMIN_TOKEN` makes one.',
    repeats: 'keyed',
    body: z.strictObject({
      ...reasonMember,
      name: z.string().min(1).max(64).describe('What the audit log calls it; given once.'),
      scopes: z.array(z.enum(ADMIN_SCOPES)).min(1).max(ADMIN_SCOPES.length),
      days: z.int().min(1).max(366).default(90).describe('Until it expires.'),
    }),
    answer: {
      status: 201,
      description: 'The token, which is shown once.',
      schema: token.extend({ token: z.string() }),
    },
    problems: ['conflict', 'entry_invalid', 'insufficient_scope'],
    handle: async (context, { body: { name, scopes: wanted, days }, by, caller }) => {
      mustHoldThese(context, caller, { wanted, days });
      const made = await createAdminToken(context, { name, scopes: wanted, days }, by);
      return { value: { ...adminTokenView(made), token: made.token }, location: `/tokens/${name}` };
    },
  }),
  route({
    ...{ id: 'revokeToken', method: 'delete', path: '/tokens/{name}', tag: 'tokens' },
    ...{ scope: 'operate', summary: 'End a token at once' },
    answer: { status: 204, description: 'It is dead.' },
    handle: async (context, { path, by }) => {
      await revokeAdminToken(context, path.name, by);
      return {};
    },
  }),
];

function mustHoldThese(
  { clock }: Pick<AdminContext, 'clock'>,
  caller: Caller,
  { wanted, days }: { readonly wanted: readonly Caller['scopes'][number][]; readonly days: number },
): void {
  const missing = wanted.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length > 0) {
    const detail = `"${caller.name}" does not have ${missing.join(', ')} itself.`;
    throw new AdminProblem('insufficient_scope', detail, {
      hint: 'Make it as somebody who has, or with `admin-token create`.',
    });
  }
  // Each token may ask for some users an hour: who could make more would have no limit.
  if (wanted.includes('privacy') && caller.actor !== `token:${ENVIRONMENT_TOKEN}`) {
    const detail = 'A token of the database makes none with the scope privacy.';
    throw new AdminProblem('insufficient_scope', detail, {
      hint: 'Make it with `admin-token create`, or with ADMIN_TOKEN.',
    });
  }
  const end = clock().getTime() + days * 86_400_000;
  if (caller.expiresAt !== undefined && end > caller.expiresAt.getTime()) {
    const detail = `The token "${caller.name}" expires at ${caller.expiresAt.toISOString()}.`;
    throw new AdminProblem('insufficient_scope', detail, {
      hint: 'Give fewer days, or make it with `admin-token create`.',
    });
  }
}
