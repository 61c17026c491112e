import { createHash, randomBytes } from 'node:crypto';

import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { countOnDay } from '../database/daily-activity.ts';
import { subjectSectors } from '../database/sector-links.ts';
import type { By } from './by.ts';
import { appendAudit, HANDLE, lockHead } from './store.ts';

/** A pseudonym that was made for a user, or given to a vendor. */
export interface MetPseudonym {
  readonly sector: string;
  readonly userIndex: Uint8Array;
  readonly sub: string;
}

/** What happened to a pseudonym since the last segment. */
export interface PseudonymRecord extends MetPseudonym {
  readonly made: boolean;
  readonly used: boolean;
}

/** What a segment holds, as it is stored: handles of users in base64url, by sector. */
export interface SegmentRecords {
  /** The day, as in `2026-11-23`. */
  readonly day: string;
  readonly made: Readonly<Record<string, readonly string[]>>;
  readonly used: Readonly<Record<string, readonly string[]>>;
}

/** Milliseconds. */
const DAY = 86_400_000;

/** The day of an instant, in days since 1970. */
export function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY);
}

/** SHA-256 of a segment's records, as its row in the chain holds it. */
export function segmentHash(records: Uint8Array): string {
  return createHash('sha256').update(records).digest('hex');
}

/**
 * Records many pseudonyms at once, with one row in the chain. Those that are gone
 * by now, erased, leave no trace; a use that was noted that day already adds
 * nothing. Returns the position, or `undefined` where nothing was left to record.
 *
 * It locks the head of the chain and no pseudonym, so that no login waits for it.
 */
export async function appendSegment(
  trx: Transaction,
  records: readonly PseudonymRecord[],
  by: By,
  at: Date,
): Promise<number | undefined> {
  // An erasure forgets its user under the same lock: it comes wholly before or wholly after.
  await lockHead(trx);
  const day = dayOf(at);
  const made: Record<string, readonly string[]> = {};
  const used: Record<string, readonly string[]> = {};
  const counts = { made: 0, used: 0 };
  for (const [sector, met] of Map.groupBy(records, (each) => each.sector)) {
    const lastUsed = await lastUsedDays(trx, sector, met);
    const isMade = met.filter((each) => each.made && lastUsed.has(each.sub));
    const isUsed = met.filter((each) => each.used && isBefore(lastUsed.get(each.sub), day));
    const handles = await handlesOf(trx, sector, [...isMade, ...isUsed]);
    if (isMade.length > 0) made[sector] = named(isMade, handles);
    if (isUsed.length > 0) used[sector] = named(isUsed, handles);
    counts.made += isMade.length;
    counts.used += isUsed.length;
  }
  if (counts.made + counts.used === 0) return undefined;
  const held: SegmentRecords = { day: dateOf(day), made, used };
  const encoded = bytes(JSON.stringify(held));
  const details = { ...counts, sha256: segmentHash(encoded) };
  const entry = { ...by, act: 'pseudonyms.recorded', target: 'pseudonyms', details } as const;
  const position = await appendAudit(trx, entry, at);
  await trx('audit_segments').insert({ position, records: encoded });
  await countOnDay(trx, day, { made: counts.made, seen: counts.used });
  return position;
}

/** Notes the day on each pseudonym that was used; a later day stays. */
export async function noteLastUse(
  trx: Transaction,
  records: readonly PseudonymRecord[],
  at: Date,
): Promise<void> {
  const day = dayOf(at);
  const used = records.filter((each) => each.used);
  for (const [sector, met] of Map.groupBy(used, (each) => each.sector)) {
    await trx('pseudonyms')
      .whereIn('sector', (await subjectSectors(trx, sector)).map(bytes))
      .whereIn('sub', subsOf(met))
      .andWhere((query) => {
        void query.whereNull('last_used_day').orWhere('last_used_day', '<', day);
      })
      .update({ last_used_day: day });
  }
}

/** The pseudonyms that are still there, with the day each was last used. */
async function lastUsedDays(
  trx: Transaction,
  sector: string,
  met: readonly MetPseudonym[],
): Promise<ReadonlyMap<string, number | null>> {
  const rows = await trx('pseudonyms')
    .whereIn('sector', (await subjectSectors(trx, sector)).map(bytes))
    .whereIn('sub', subsOf(met))
    .select<{ sub: Buffer; last_used_day: number | null }[]>('sub', 'last_used_day');
  return new Map(rows.map(({ sub, last_used_day: last }) => [text(sub), last]));
}

function subsOf(met: readonly MetPseudonym[]): Buffer[] {
  return met.map(({ sub }) => bytes(sub));
}

function isBefore(last: number | null | undefined, day: number): boolean {
  return last !== undefined && (last === null || last < day);
}

/** The handles of many users of a sector; what is missing is made. */
async function handlesOf(
  trx: Transaction,
  sector: string,
  users: readonly MetPseudonym[],
): Promise<ReadonlyMap<string, string>> {
  if (users.length === 0) return new Map();
  const wanted = new Map(users.map(({ userIndex }) => [keyOf(userIndex), asBuffer(userIndex)]));
  const rows = await trx('audit_handles')
    .where({ sector: bytes(sector) })
    .whereIn('user_index', [...wanted.values()])
    .select<{ user_index: Buffer; handle: Buffer }[]>('user_index', 'handle');
  const handles = new Map(
    rows.map((row) => [keyOf(row.user_index), asBuffer(row.handle).toString('base64url')]),
  );
  const missing = [...wanted].filter(([key]) => !handles.has(key));
  const added = missing.map(([, userIndex]) => {
    return { handle: randomBytes(HANDLE), sector: bytes(sector), user_index: userIndex };
  });
  if (added.length > 0) await trx('audit_handles').insert(added);
  for (const row of added) handles.set(keyOf(row.user_index), row.handle.toString('base64url'));
  return handles;
}

/** Handles are random, so their order says nothing of the order of the logins. */
function named(
  users: readonly MetPseudonym[],
  handles: ReadonlyMap<string, string>,
): readonly string[] {
  return users.flatMap(({ userIndex }) => handles.get(keyOf(userIndex)) ?? []).toSorted();
}

function keyOf(userIndex: Uint8Array): string {
  return asBuffer(userIndex).toString('base64url');
}

function dateOf(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}
