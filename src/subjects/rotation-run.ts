import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { asBuffer, bytes, text } from '../database/bytes.ts';
import { inTransaction, isUniqueViolation } from '../database/connection.ts';
import type { Connection, Transaction } from '../database/connection.ts';

/** What an operator wants of a rotation of many users, or of a link between sectors. */
export interface WantedRun {
  /** Whose pseudonyms: `all`, `vendor:ID`, `sector:NAME`, `link:NAME NAME` or `unlink:NAME`. */
  readonly scope: string;
  readonly graceDays: number;
  readonly endSessions: boolean;
}

/** A rotation of many users that this process has taken up. */
export interface RotationRun extends WantedRun {
  readonly holder: string;
  readonly startedAt: Date;
  /** How far it is: the sector, and the last user there. */
  readonly sector: string | undefined;
  readonly userIndex: Uint8Array | undefined;
  readonly rotated: number;
  /** Of a link: users whose pseudonym changed. */
  readonly changed: number;
  /** Whether another process began it. */
  readonly resumed: boolean;
}

/** Why a rotation cannot be taken up: another one is incomplete, or somebody is at it. */
export type Occupied = 'incomplete' | 'running';

interface Row {
  readonly scope: Buffer;
  readonly holder: Buffer;
  readonly lease_until: number;
  readonly started_at: number;
  readonly grace_days: number;
  readonly end_sessions: boolean | number;
  readonly sector: Buffer | null;
  readonly user_index: Buffer | null;
  readonly rotated: number;
  readonly changed: number;
}

const SLOT = { slot: 1 } as const;
/** Milliseconds after which a process that has stopped is taken for dead. */
const LEASE = 5000;
/** Milliseconds between two looks at whether somebody still works. */
const LOOK = 200;

/**
 * Begins a rotation of many users, or goes on with the same one where the process
 * that had it is gone: it is waited for as long as its lease lasts.
 *
 * @param begin what is done in the same transaction as it is begun, and not when it is gone on with
 */
export async function takeRun(
  db: Connection,
  wanted: WantedRun,
  clock: () => Date,
  begin: (trx: Transaction) => Promise<void> = async () => undefined,
): Promise<RotationRun | { readonly occupied: Occupied; readonly scope: string }> {
  const holder = randomBytes(16).toString('base64url');
  let lease: number | undefined;
  for (;;) {
    const seen = await takeOrSee(db, wanted, holder, clock, begin);
    if (!('leaseUntil' in seen)) return seen;
    // Somebody renews it, so somebody is there.
    if (lease !== undefined && lease !== seen.leaseUntil) {
      return { occupied: 'running', scope: wanted.scope };
    }
    lease = seen.leaseUntil;
    await sleep(LOOK);
  }
}

async function takeOrSee(
  db: Connection,
  wanted: WantedRun,
  holder: string,
  clock: () => Date,
  begin: (trx: Transaction) => Promise<void>,
): Promise<Awaited<ReturnType<typeof takeRun>> | { readonly leaseUntil: number }> {
  const now = clock();
  const mine = { holder: bytes(holder), lease_until: now.getTime() + LEASE };
  try {
    return await inTransaction(db, async (trx) => {
      const row = await trx('subject_rotations').where(SLOT).forUpdate().first<Row | undefined>();
      if (row === undefined) {
        await trx('subject_rotations').insert({
          ...{ ...SLOT, ...mine, scope: bytes(wanted.scope), started_at: now.getTime() },
          ...{ grace_days: wanted.graceDays, end_sessions: wanted.endSessions, rotated: 0 },
        });
        await begin(trx);
        const place = { sector: undefined, userIndex: undefined, rotated: 0, changed: 0 };
        return { ...wanted, ...place, holder, startedAt: now, resumed: false };
      }
      const scope = text(row.scope);
      if (scope !== wanted.scope) return { occupied: 'incomplete', scope };
      if (row.lease_until > now.getTime()) return { leaseUntil: row.lease_until };
      await trx('subject_rotations').where(SLOT).update(mine);
      return {
        ...{ scope, holder, startedAt: new Date(row.started_at), resumed: true },
        ...{ graceDays: row.grace_days, endSessions: Boolean(row.end_sessions) },
        sector: row.sector === null ? undefined : text(row.sector),
        ...{ userIndex: row.user_index ?? undefined, rotated: row.rotated, changed: row.changed },
      };
    });
  } catch (error) {
    // Somebody else began one at the same moment.
    if (!isUniqueViolation(error)) throw error;
    return { leaseUntil: 0 };
  }
}

/**
 * Notes how far a rotation is, in the transaction of its next step. False: another
 * process has taken it over meanwhile, so nothing may be done.
 */
export async function advanceRun(
  trx: Transaction,
  { holder }: RotationRun,
  place: { sector: string; userIndex: Uint8Array | undefined; rotated: number; changed?: number },
  now: Date,
): Promise<boolean> {
  const moved = await trx('subject_rotations')
    .where({ ...SLOT, holder: bytes(holder) })
    .update({
      lease_until: now.getTime() + LEASE,
      sector: bytes(place.sector),
      user_index: place.userIndex === undefined ? null : asBuffer(place.userIndex),
      rotated: place.rotated,
      changed: place.changed ?? 0,
    });
  return moved === 1;
}

/** Takes a rotation for done. False: as {@link advanceRun}. */
export async function finishRun(trx: Transaction, { holder }: RotationRun): Promise<boolean> {
  const done = await trx('subject_rotations')
    .where({ ...SLOT, holder: bytes(holder) })
    .del();
  return done === 1;
}

/** What a scope is, in words. */
export function runText(scope: string): string {
  if (scope.startsWith('link:')) return `The link of ${scope.slice('link:'.length)}`;
  if (scope.startsWith('unlink:')) return `The unlinking of ${scope.slice('unlink:'.length)}`;
  return `The rotation of ${scope}`;
}

/** What was begun with many users and is not complete. */
export interface IncompleteRun {
  readonly kind: 'rotation' | 'link';
  /** In words. */
  readonly text: string;
}

/** Why others may have to wait; undefined: nothing is incomplete. */
export async function incompleteRun(trx: Transaction): Promise<IncompleteRun | undefined> {
  const row = await trx('subject_rotations').where(SLOT).first<{ scope: Buffer } | undefined>();
  if (row === undefined) return undefined;
  const scope = text(row.scope);
  const kind = /^(?:un)?link:/.test(scope) ? 'link' : 'rotation';
  return { kind, text: `${runText(scope)} is not complete: complete it first.` };
}
