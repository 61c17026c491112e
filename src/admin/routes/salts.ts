import { z } from 'zod';

import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { rotateSalt, saltStatus } from '../../operations/salt-rotation.ts';
import { saltView } from '../../operations/subject-view.ts';
import { pageAfter } from '../page.ts';
import { confirmMember, pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { instant, maybeInstant } from '../schemas.ts';

const salt = z.object({
  version: z.int(),
  state: z.enum(['active', 'retired', 'destroyed']),
  pseudonyms: z.int().describe('How many were derived from it.'),
  created_at: instant,
  retired_at: maybeInstant,
  destroy_after: maybeInstant,
});

/** Versions of the salt. */
export const SALT_ROUTES = [
  route({
    ...{ id: 'listSalts', method: 'get', path: '/salts', tag: 'salts', scope: 'read' },
    summary: 'List the versions of the salt, never what they are',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'Versions, oldest first.', schema: pageOf(salt) },
    handle: async (context, { query }) => {
      const versions = await saltStatus(context);
      const keyOf = (version: number): string => String(version).padStart(12, '0');
      const { items, next } = pageAfter(versions, ({ version }) => keyOf(version), query);
      return { value: { items: items.map(saltView), next } };
    },
  }),
  route({
    ...{ id: 'rotateSalt', method: 'post', path: '/salts', tag: 'salts', scope: 'operate' },
    summary: 'Derive the pseudonyms of new users from a new salt',
    description: 'Those that are there stay.',
    repeats: 'keyed',
    needsConfirmation: 'The present salt would be destroyed when its grace is over.',
    body: z.strictObject({
      ...{ ...reasonMember, ...confirmMember },
      grace_days: z.int().min(0).max(3650).default(DEFAULT_GRACE_DAYS),
    }),
    answer: {
      status: 201,
      description: 'The new version.',
      schema: z.object({ version: z.int(), previous_destroyed_after: instant }),
    },
    problems: ['conflict'],
    handle: async (context, { body, by }) => {
      const { algorithm } = context;
      const request = { graceDays: body.grace_days, algorithm };
      const { version, destroyAfter } = await rotateSalt(context, request, by);
      return { value: { version, previous_destroyed_after: destroyAfter }, location: '/salts' };
    },
  }),
];
