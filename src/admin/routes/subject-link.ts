import { z } from 'zod';

import { linkSubject } from '../../operations/link-subject.ts';
import { linkSubjects } from '../../operations/link-subjects.ts';
import type { LinkRow } from '../../operations/subject-rows.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { linkedView, linkFileView } from '../../operations/subject-view.ts';
import { confirmMember, reasonMember, route } from '../route.ts';
import { inTurn, refused } from './subject-import.ts';

const user = z.string().min(1).max(255);

/** Users of one request: one transaction, as a batch of a file is. */
const MOST_USERS = 250;

const from = user.describe('The old `sub` of the user at the provider.');
const to = user.describe('The new one.');
export const linkSettings = {
  ...{ ...reasonMember, ...confirmMember },
  prefer: z.enum(['old', 'new']).optional().describe('Whose stays where both have one.'),
};
export const linkGrace = z.int().max(3650);

/** What became of many. */
export const linkedMany = z.object({
  run: z.string().describe('Names it in the audit log.'),
  dry_run: z.boolean(),
  linked: z.int(),
  present: z.int().describe('Users who were linked before.'),
  pseudonyms: z.int().describe('Those that were kept.'),
  merged: z.int().describe('Those of users who had two.'),
});

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
      ...{
        ...linkSettings,
        user: from,
        to,
        grace_days: linkGrace.min(0).default(DEFAULT_GRACE_DAYS),
      },
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
      const { grace_days: grace } = body;
      const request = { localSubject, to, prefer, graceDays: grace, endSessions };
      return { value: linkedView(await linkSubject(context, request, by), grace) };
    },
  }),
  route({
    ...{ id: 'linkSubjects', method: 'post', path: '/subjects/link-many', tag: 'subjects' },
    ...{ scope: 'privacy', isLong: true, repeats: 'keyed_private' },
    summary: 'Let many users keep all pseudonyms whom the provider calls otherwise',
    description:
      'All of them or none, in one transaction. Sent again, it leaves who is linked alone.',
    needsConfirmation: 'All pseudonyms of these users would be theirs under the other names.',
    body: z.strictObject({
      ...linkSettings,
      grace_days: linkGrace.min(1).default(DEFAULT_GRACE_DAYS),
      users: z.array(z.strictObject({ from, to })).min(1).max(MOST_USERS),
      dry_run: z.boolean().default(false).describe('Look at everything and write nothing.'),
    }),
    answer: { status: 200, description: 'What became of them.', schema: linkedMany },
    problems: ['conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { prefer, grace_days: grace, dry_run: dryRun } = body;
      const rows = body.users.map((pair, index): LinkRow => ({ line: index, ...pair }));
      const how = { graceDays: grace, endSessions: false, prefer, dryRun };
      const report = await linkSubjects(context, { ...how, rows: inTurn(rows) }, by);
      if (!report.complete) throw refused(report.problems);
      return { value: linkFileView(report, dryRun) };
    },
  }),
];
