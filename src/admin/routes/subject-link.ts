import { z } from 'zod';

import { linkSubject } from '../../operations/link-subject.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { linkedView } from '../../operations/subject-view.ts';
import { confirmMember, reasonMember, route } from '../route.ts';

const user = z.string().min(1).max(255);

/** Users whom the provider calls otherwise. */
export const LINK_ROUTES = [
  route({
    ...{ id: 'linkSubject', method: 'post', path: '/subjects/link', tag: 'subjects' },
    ...{
      scope: 'privacy',
      summary: 'Let a user keep all pseudonyms whom the provider calls otherwise',
    },
    repeats: 'keyed_private',
    needsConfirmation: 'All pseudonyms of the user would be theirs under the other name.',
    body: z.strictObject({
      ...{ ...reasonMember, ...confirmMember },
      user: user.describe('The old `sub` of the user at the provider.'),
      to: user.describe('The new one.'),
      prefer: z.enum(['old', 'new']).optional().describe('Whose stays where both have one.'),
      grace_days: z.int().min(0).max(3650).default(DEFAULT_GRACE_DAYS),
      end_sessions: z.boolean().default(false).describe('End the tokens of the user.'),
    }),
    answer: {
      status: 200,
      description: 'In how many sectors; nothing in it names the user.',
      schema: z.object({
        linked: z.literal(true),
        was_linked: z.boolean().describe('This was done before.'),
        sectors: z.int().describe('Sectors in which the user keeps their pseudonym.'),
        merged: z.int().describe('Those in which they had two.'),
        grace_days: z.int(),
      }),
    },
    problems: ['unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { user: localSubject, to, prefer, end_sessions: endSessions } = body;
      const { grace_days: graceDays } = body;
      const request = { localSubject, to, prefer, graceDays, endSessions };
      return { value: linkedView(await linkSubject(context, request, by), graceDays) };
    },
  }),
];
