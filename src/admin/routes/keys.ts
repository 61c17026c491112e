import { z } from 'zod';

import { readSigningKeys } from '../../database/signing-keys.ts';
import { keyView } from '../../operations/key-view.ts';
import { rewrapMasterKey } from '../../operations/rewrap-master-key.ts';
import { rotateKeys, SIGNING_ALGORITHMS } from '../../signing/upkeep.ts';
import { byKey, pageAfter } from '../page.ts';
import { pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { instant, maybeInstant } from '../schemas.ts';

const algorithm = z.enum(SIGNING_ALGORITHMS);

const key = z.object({
  kid: z.string(),
  alg: algorithm,
  state: z.enum(['next', 'active', 'retired']),
  created_at: instant,
  signs_from: maybeInstant,
  signed_until: maybeInstant,
  published: z.boolean(),
});

/** Signing keys, and the key that wraps. */
export const KEY_ROUTES = [
  route({
    ...{ id: 'listKeys', method: 'get', path: '/keys', tag: 'keys', scope: 'read' },
    summary: 'List the signing keys',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Their public side.', schema: pageOf(key) },
    handle: async ({ db, atRest, clock }, { query }) => {
      const rows = await readSigningKeys(db, atRest);
      const sorted = byKey(rows, ({ kid }) => kid);
      const { items, next } = pageAfter(sorted, ({ kid }) => kid, query);
      return { value: { items: items.map((row) => keyView(row, clock())), next } };
    },
  }),
  route({
    ...{ id: 'rotateKeys', method: 'post', path: '/keys/rotate', tag: 'keys', scope: 'operate' },
    summary: 'Publish the next signing keys; each signs 10 minutes later',
    repeats: 'keyed',
    body: z.strictObject({ ...reasonMember, alg: algorithm.optional() }),
    answer: {
      status: 200,
      description: 'The keys that sign next.',
      schema: z.object({
        changed: z.boolean().describe('false: a rotation is under way already.'),
        next: z.array(key),
      }),
    },
    handle: async (context, { body, by }) => {
      const { db, atRest, clock } = context;
      const algorithms = body.alg === undefined ? SIGNING_ALGORITHMS : [body.alg];
      const changed = await rotateKeys(context, algorithms, by);
      const rows = await readSigningKeys(db, atRest);
      const next = rows.filter(
        (row) => row.state === 'next' && algorithms.some((alg) => alg === row.alg),
      );
      return { value: { changed, next: next.map((row) => keyView(row, clock())) } };
    },
  }),
  route({
    ...{ id: 'rewrapRoots', method: 'post', path: '/keys/rewrap', tag: 'keys', scope: 'operate' },
    summary: 'Wrap the roots under MASTER_KEY that are still under MASTER_KEY_PREVIOUS',
    repeats: 'keyed',
    body: z.strictObject(reasonMember),
    answer: {
      status: 200,
      description: 'How many were wrapped anew.',
      schema: z.object({ rewrapped: z.int() }),
    },
    handle: async (context, { by }) => {
      return { value: { rewrapped: await rewrapMasterKey(context, context.masterKeys, by) } };
    },
  }),
];
