import { z } from 'zod';

import { orUnavailable } from '../../database/connection.ts';
import { linkSectors } from '../../operations/link-sectors.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { planLink } from '../../operations/sector-link-plan.ts';
import {
  linkedSectorsView,
  linkQuestion,
  unlinkedSectorsView,
  unlinkQuestion,
} from '../../operations/sector-view.ts';
import { planUnlink, unlinkSectors } from '../../operations/unlink-sectors.ts';
import { AdminProblem } from '../problems.ts';
import { confirmMember, reasonMember, route } from '../route.ts';

const name = z.string().min(1).max(255);

const common = {
  ...{ ...reasonMember, ...confirmMember, sector: name },
  grace_days: z.int().min(0).max(3650).default(DEFAULT_GRACE_DAYS),
  end_sessions: z.boolean().default(false).describe('End the tokens of the clients.'),
};

const RESUMABLE =
  'The answer comes when everybody had their turn; it goes on when nobody waits for it. One that ' +
  'was killed half-way is completed by the same request, under another Idempotency-Key. It needs ' +
  '`confirm`; without it the answer says whom it concerns.';

/** Sectors that share subjects. */
export const SECTOR_ROUTES = [
  route({
    ...{ id: 'linkSectors', method: 'post', path: '/sectors/link', tag: 'sectors' },
    ...{ scope: 'operate', summary: 'Let the clients of a sector use the subjects of another one' },
    description: RESUMABLE,
    repeats: 'keyed',
    body: z.strictObject({
      ...common,
      into: name.describe('The sector whose subjects are used.'),
      vendors: z
        .array(name)
        .max(2)
        .default([])
        .describe('Both vendors, where there are two: they can then compare their users.'),
      keep: z
        .enum(['linked', 'into'])
        .default('into')
        .describe('Whose subject users keep who have one in both.'),
    }),
    answer: {
      status: 200,
      description: 'What was done.',
      schema: z.object({
        ...{ sector: z.string(), linked_into: z.string() },
        was_linked: z.boolean().describe('This was done before.'),
        carried: z.int().describe('Users of the linked sector who had a subject there.'),
        merged: z.int().describe('Those who had one in both.'),
        ...{ grace_days: z.int(), resumed: z.boolean() },
      }),
    },
    problems: ['confirmation_required', 'unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { sector, into, vendors, keep, grace_days: graceDays } = body;
      const plan = await orUnavailable(() => planLink(context.db, { sector, into, vendors }));
      if (body.confirm !== true) {
        throw unconfirmed(linkQuestion(plan), plan.users + plan.usersThere);
      }
      const request = { sector, into, vendors, keep, graceDays, endSessions: body.end_sessions };
      return { value: linkedSectorsView(await linkSectors(context, request, by)) };
    },
  }),
  route({
    ...{ id: 'unlinkSectors', method: 'post', path: '/sectors/unlink', tag: 'sectors' },
    ...{ scope: 'operate', summary: 'Give a linked sector subjects of its own again' },
    description: RESUMABLE,
    repeats: 'keyed',
    body: z.strictObject({
      ...common,
      keep_subjects: z
        .boolean()
        .default(false)
        .describe('Users whom both know keep the same subject in both.'),
    }),
    answer: {
      status: 200,
      description: 'What was done.',
      schema: z.object({
        ...{ sector: z.string(), unlinked_from: z.string() },
        shared: z.int().describe('Users whom both know.'),
        kept: z.boolean().describe('Whether those keep the same subject in both.'),
        ...{ grace_days: z.int(), resumed: z.boolean() },
      }),
    },
    problems: ['confirmation_required', 'unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { sector, keep_subjects: keep, grace_days: graceDays } = body;
      const plan = await orUnavailable(() => planUnlink(context.db, sector));
      if (body.confirm !== true) throw unconfirmed(unlinkQuestion(plan, keep), plan.users);
      const request = { sector, keep, graceDays, endSessions: body.end_sessions };
      return { value: unlinkedSectorsView(await unlinkSectors(context, request, by)) };
    },
  }),
];

function unconfirmed(detail: string, users: number): AdminProblem {
  const hint = 'Nothing was changed. Send it again with "confirm": true to do it.';
  return new AdminProblem('confirmation_required', detail, { hint, users });
}
