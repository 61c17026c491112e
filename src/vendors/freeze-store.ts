import { bytes, text } from '../database/bytes.ts';
import type { Connection, Transaction } from '../database/connection.ts';

/** The freeze in force: while it stands, no client goes further. */
export interface Freeze {
  readonly at: Date;
  readonly actor: string;
  readonly reason: string | undefined;
}

interface FreezeRow {
  readonly actor: Buffer;
  readonly reason: string | null;
  readonly at: number | string;
}

/** The one row that there may be. */
const SLOT = 1;

/** The freeze in force; undefined: none. */
export async function readFreeze(db: Connection | Transaction): Promise<Freeze | undefined> {
  const row = await db('rollout_freezes').where({ slot: SLOT }).first<FreezeRow | undefined>();
  if (row === undefined) return undefined;
  const { actor, reason, at } = row;
  return { at: new Date(Number(at)), actor: text(actor), reason: reason ?? undefined };
}

/** Freezes. Under the registry's lock, where nothing is frozen. */
export async function insertFreeze(trx: Transaction, { at, actor, reason }: Freeze): Promise<void> {
  await trx('rollout_freezes').insert({
    ...{ slot: SLOT, actor: bytes(actor), reason: reason ?? null, at: at.getTime() },
  });
}

/** Lifts the freeze. Under the registry's lock. */
export async function deleteFreeze(trx: Transaction): Promise<void> {
  await trx('rollout_freezes').where({ slot: SLOT }).delete();
}
