import { z } from 'zod';

import { eraseSubject } from '../../operations/erase-subject.ts';
import { exportSubject } from '../../operations/export-subject.ts';
import { listSubject } from '../../operations/list-subject.ts';
import { lookupSubject } from '../../operations/lookup-subject.ts';
import { rotateSubject } from '../../operations/rotate-subject.ts';
import { rotateSubjects } from '../../operations/rotate-subjects.ts';
import { DEFAULT_GRACE_DAYS, sectorOfClient } from '../../operations/rotation-request.ts';
import type { RotationScope } from '../../operations/rotation-request.ts';
import {
  erasureView,
  heldView,
  rotatedManyView,
  rotatedView,
} from '../../operations/subject-view.ts';
import { orUnavailable } from '../../database/connection.ts';
import { UnknownError } from '../../vendors/problem.ts';
import type { AdminContext } from '../context.ts';
import { invalid } from '../read-input.ts';
import { confirmMember, pageOf, reason, reasonMember, route } from '../route.ts';
import { instant, maybeInstant } from '../schemas.ts';

const user = z.string().min(1).max(255).describe('The `sub` of the user at the provider.');
const name = z.string().min(1).max(255);

/** Whoever asks for a user says why. */
const why = { reason };

const held = z.object({
  sector: z.string(),
  vendor: z.string().nullable(),
  sub: z.string(),
  generation: z.int(),
  algorithm: z.string(),
  created_at: instant,
  retired_at: maybeInstant,
  grace_until: maybeInstant,
  linked_sectors: z.array(z.string()).describe('Sectors whose clients are given it too.'),
});

const member = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const kind = z.array(z.record(z.string(), member));

const exported = z.object({
  local_subject: z.string(),
  former_names: z.array(z.string()),
  exported_at: instant,
  sectors: z.array(
    z.looseObject({
      sector: z.string(),
      vendor: z.string().nullable(),
      linked_sectors: z.array(z.string()),
      pseudonyms: kind,
      sessions: kind,
      audit_handle: z.string().nullable(),
    }),
  ),
});

const rotation = {
  ...{ ...reasonMember, ...confirmMember },
  grace_days: z.int().min(0).max(3650).default(DEFAULT_GRACE_DAYS),
  end_sessions: z.boolean().default(false).describe('End the tokens that have the old ones.'),
};

/** Users and their pseudonyms; what names a user stands in a body, never in an address. */
export const SUBJECT_ROUTES = [
  route({
    ...{ id: 'lookUpSubject', method: 'post', path: '/subjects/lookup', tag: 'subjects' },
    ...{ scope: 'privacy', summary: 'Say which local subject is behind a pseudonym' },
    body: z.strictObject({ ...why, client_id: name, sub: name }),
    answer: {
      status: 200,
      description: 'The user at the provider.',
      schema: z.object({ client_id: z.string(), sector: z.string(), local_subject: z.string() }),
    },
    problems: ['unknown'],
    handle: async (context, { body: { client_id: clientId, sub }, by }) => {
      const { sector, localSubject } = await lookupSubject(context, { clientId, sub }, by);
      if (localSubject === undefined) {
        throw new UnknownError(`No user of the sector "${sector}" has this pseudonym.`);
      }
      return { value: { client_id: clientId, sector, local_subject: localSubject } };
    },
  }),
  route({
    ...{ id: 'listSubject', method: 'post', path: '/subjects/list', tag: 'subjects' },
    ...{ scope: 'privacy', summary: 'List the pseudonyms of a user at every vendor' },
    body: z.strictObject({ ...why, user }),
    answer: { status: 200, description: 'All of them.', schema: pageOf(held) },
    problems: ['entry_invalid'],
    handle: async (context, { body, by }) => {
      const items = (await listSubject(context, body.user, by)).map(heldView);
      return { value: { items, next: null } };
    },
  }),
  route({
    ...{ id: 'exportSubject', method: 'post', path: '/subjects/export', tag: 'subjects' },
    ...{ scope: 'privacy', summary: 'Get all that is held on a user' },
    body: z.strictObject({ ...why, user }),
    answer: { status: 200, description: 'All of it.', schema: exported },
    problems: ['entry_invalid'],
    handle: async (context, { body, by }) => {
      return { value: await exportSubject(context, body.user, by) };
    },
  }),
  route({
    ...{ id: 'eraseSubject', method: 'post', path: '/subjects/erase', tag: 'subjects' },
    ...{ scope: 'privacy', summary: 'Erase a user in every sector' },
    description: 'Tokens that are out stop within 5 seconds. The audit log keeps the proof.',
    repeats: 'keyed_private',
    needsConfirmation: 'The pseudonyms of the user cannot be had again, and their tokens end.',
    body: z.strictObject({ ...why, ...confirmMember, user }),
    answer: {
      status: 200,
      description: 'What was erased; nothing in it names the user.',
      schema: z.object({
        erasure: z.string().describe('Names it in the audit log.'),
        erased: z.boolean().describe('false: nothing was known of the user.'),
        sectors: z.int(),
        pseudonyms: z.int(),
        sessions: z.int(),
        audit_position: z.int(),
        at: instant,
      }),
    },
    problems: ['entry_invalid'],
    handle: async (context, { body, by }) => {
      return { value: erasureView(await eraseSubject(context, body.user, by)) };
    },
  }),
  route({
    ...{ id: 'rotateSubject', method: 'post', path: '/subjects/rotate', tag: 'subjects' },
    ...{ scope: 'privacy', summary: 'Give a user a new pseudonym in one sector' },
    repeats: 'keyed_private',
    needsConfirmation: 'The vendor would know the user under another pseudonym.',
    body: z.strictObject({
      ...rotation,
      user,
      client_id: name.optional().describe('In the sector of this client.'),
      sector: name.optional().describe('In this sector.'),
    }),
    answer: {
      status: 200,
      description: 'The old pseudonym, and the new one.',
      schema: z.object({
        sector: z.string(),
        generation: z.int(),
        old_sub: z.string(),
        new_sub: z.string(),
        grace_until: instant,
        ended_sessions: z.boolean(),
      }),
    },
    problems: ['unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { grace_days: graceDays, end_sessions: endSessions } = body;
      const { sector } = await oneSector(context, body);
      const request = { sector, localSubject: body.user, graceDays, endSessions };
      return { value: rotatedView(await rotateSubject(context, request, by), endSessions) };
    },
  }),
  route({
    ...{ id: 'rotateSubjects', method: 'post', path: '/subjects/rotate-many', tag: 'subjects' },
    ...{
      scope: 'operate',
      summary: 'Give the users of a sector, of a vendor, or all, new pseudonyms',
    },
    description:
      'The answer comes when all are done; it goes on when nobody waits for it. One that was ' +
      'killed half-way is completed by the same request, under another Idempotency-Key.',
    repeats: 'keyed',
    needsConfirmation: 'The vendors would know these users under other pseudonyms.',
    body: z.strictObject({
      ...rotation,
      client_id: name.optional().describe('Those of the sector of this client.'),
      sector: name.optional().describe('Those of this sector.'),
      vendor: name.optional().describe('Those of every sector of this vendor.'),
      all: z.literal(true).optional().describe('All users.'),
    }),
    answer: {
      status: 200,
      description: 'How many were rotated.',
      schema: z.object({
        scope: z.string(),
        rotated: z.int(),
        grace_days: z.int(),
        ended_sessions: z.boolean(),
        resumed: z.boolean().describe('Whether one that had been interrupted was completed.'),
      }),
    },
    problems: ['unknown', 'conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { grace_days: graceDays, end_sessions: endSessions, vendor, all } = body;
      mustSayOne([body.client_id, body.sector, vendor, all], 'client_id, sector, vendor or all');
      const scope: RotationScope =
        all === true
          ? { all }
          : vendor === undefined
            ? await oneSector(context, body)
            : { vendorId: vendor };
      const done = await rotateSubjects(context, { scope, graceDays, endSessions }, by);
      return { value: rotatedManyView(done) };
    },
  }),
];

async function oneSector(
  { db }: Pick<AdminContext, 'db'>,
  named: { readonly client_id?: string | undefined; readonly sector?: string | undefined },
): Promise<{ readonly sector: string }> {
  const { client_id: clientId, sector } = named;
  mustSayOne([clientId, sector], 'client_id or sector');
  if (sector !== undefined) return { sector };
  return { sector: await orUnavailable(() => sectorOfClient(db, clientId ?? '')) };
}

function mustSayOne(given: readonly unknown[], names: string): void {
  if (given.filter((each) => each !== undefined).length === 1) return;
  const wrong = 'does not say whose pseudonyms are meant';
  throw invalid([{ at: 'body', wrong, right: `give exactly one of ${names}` }]);
}
