import { z } from 'zod';

import { headText, readHeadText } from '../../audit/head-text.ts';
import type { AuditFilter } from '../../audit/read-store.ts';
import { eachAudit, listAudit } from '../../audit/read-store.ts';
import { verifyAudit } from '../../audit/verify.ts';
import { auditView, exportedAudit } from '../../operations/audit-view.ts';
import { cursorOf, keyIn } from '../page.ts';
import { pageOf, pageQuery, route } from '../route.ts';
import { instant } from '../schemas.ts';

const detail = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const entry = z.object({
  position: z.int(),
  at: instant,
  act: z.string(),
  actor: z.string(),
  target: z.string(),
  handle: z.string().nullable().describe('Stands for a user, without saying which.'),
  reason: z.string().nullable(),
  request_id: z.string().nullable(),
  details: z.record(z.string(), detail).nullable(),
  hash: z.string(),
});

/** An instant, or a day. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .refine((text) => !Number.isNaN(new Date(text).getTime()), 'give a time that there is')
  .optional();

const filter = {
  act: z.string().max(64).optional().describe('An act; `*` at its end: those that begin so.'),
  actor: z.string().max(255).optional(),
  target: z.string().max(255).optional(),
  handle: z.string().max(64).optional(),
  since: time.describe('At this time or later.'),
  until: time.describe('Before this time.'),
};

interface FilterQuery extends Omit<AuditFilter, 'since' | 'until'> {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** The audit log. */
export const AUDIT_ROUTES = [
  route({
    ...{ id: 'listAudit', method: 'get', path: '/audit', tag: 'audit', scope: 'read' },
    summary: 'List what was done, newest first',
    query: z.strictObject({ ...pageQuery, ...filter }),
    answer: { status: 200, description: 'A page of the log.', schema: pageOf(entry) },
    handle: async ({ db }, { query: { limit, cursor, ...wanted } }) => {
      const before = cursor === undefined ? undefined : positionIn(cursor);
      // One more than asked for tells whether there is another page.
      const records = await listAudit(db, filterOf(wanted), { limit: limit + 1, before });
      const page = records.slice(0, limit);
      const last = page.at(-1);
      const isMore = records.length > limit && last !== undefined;
      const next = isMore ? cursorOf(String(last.position)) : null;
      return { value: { items: page.map(auditView), next } };
    },
  }),
  route({
    ...{ id: 'verifyAudit', method: 'get', path: '/audit/verify', tag: 'audit', scope: 'read' },
    summary: 'Find every row of the log that was changed, removed, added or moved',
    query: z.strictObject({
      head: z
        .string()
        .max(200)
        .refine((text) => readHeadText(text) !== undefined, 'give POSITION:HASH, as `head`')
        .optional()
        .describe('A `head` that was kept before, which the log must still contain.'),
    }),
    answer: {
      status: 200,
      description: 'What was found; `intact` says whether all is well.',
      schema: z.object({
        intact: z.boolean(),
        head: z.string().describe('Keep it somewhere else, and ask for it later.'),
        rows: z.int(),
        segments: z.int(),
        found: z.int(),
        damages: z.array(z.object({ kind: z.string(), position: z.number(), message: z.string() })),
      }),
    },
    handle: async ({ db }, { query }) => {
      const anchor = query.head === undefined ? undefined : readHeadText(query.head);
      const { head, ...found } = await verifyAudit(db, anchor);
      return { value: { ...found, head: headText(head) } };
    },
  }),
  route({
    ...{ id: 'exportAudit', method: 'get', path: '/audit/export', tag: 'audit', scope: 'read' },
    summary: 'Get the log, oldest first, one JSON object a line',
    description: 'An answer that ends without its last chunk is not whole: ask again.',
    query: z.strictObject(filter),
    answer: { status: 200, description: 'The log.', lines: entry },
    handle: async ({ db }, { query }) => ({ lines: linesOf(db, filterOf(query)) }),
  }),
];

async function* linesOf(
  db: Parameters<typeof eachAudit>[0],
  wanted: AuditFilter,
): AsyncGenerator<string> {
  for await (const record of eachAudit(db, wanted)) {
    yield JSON.stringify(await exportedAudit(db, record));
  }
}

function filterOf({ since, until, ...rest }: FilterQuery): AuditFilter {
  return {
    ...rest,
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

function positionIn(cursor: string): number {
  const key = keyIn(cursor);
  return /^\d{1,15}$/.test(key) ? Number(key) : 0;
}
