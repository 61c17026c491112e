import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { deleteDeliveriesOf } from '../database/logout-deliveries.ts';
import type { AtRest } from '../database/at-rest.ts';
import type { ArrivingUser } from './create.ts';
import { leaveTombstone } from './tombstones.ts';

/**
 * The tables with rows of one user in one sector, beside the mapping itself. A
 * test holds that every table with a `user_index` stands here, is erased
 * otherwise, or keeps nothing.
 */
export const USER_TABLES = ['sessions', 'subject_changes', 'notices', 'given_subjects'] as const;

/** What erasing a user in one sector works with. */
export interface Eraser {
  readonly atRest: AtRest;
  /** The root of what stays of erased pseudonyms. */
  readonly tombstoneRoot: Uint8Array;
}

/** What was erased in one sector. */
export interface ErasedInSector {
  readonly pseudonyms: number;
  readonly sessions: number;
  /** What they were; for whoever has more to forget by it. */
  readonly subs: readonly string[];
}

/**
 * Erases a user in one sector, every generation: whoever logs in as this user
 * waits for the transaction, and then finds the tombstone. The tokens that are
 * out are for the caller to end (`endUser`).
 *
 * @returns undefined where nothing was known of the user
 */
export async function eraseInSector(
  trx: Transaction,
  { atRest, tombstoneRoot }: Eraser,
  user: ArrivingUser,
): Promise<ErasedInSector | undefined> {
  const { sector, userIndex } = user;
  const key = { sector: bytes(sector), user_index: asBuffer(userIndex) };
  const pseudonyms = await trx('pseudonyms')
    .where(key)
    .forUpdate()
    .select<{ generation: number; sub: Buffer }[]>('generation', 'sub');
  const sessions = await trx('sessions').where(key).select<{ sid: Buffer | null }[]>('sid');
  if (pseudonyms.length > 0) {
    const generations = pseudonyms.map(({ generation }) => generation);
    await leaveTombstone(trx, tombstoneRoot, user, Math.max(...generations) + 1);
    await trx('pseudonyms').where(key).del();
  }
  for (const table of USER_TABLES) await trx(table).where(key).del();
  await trx('sealed_references').where({ user_index: key.user_index }).del();
  if (pseudonyms.length + sessions.length === 0) return undefined;
  const subs = [user.localSubject, ...pseudonyms.map(({ sub }) => text(sub))];
  const sids = sessions.flatMap(({ sid }) => (sid === null ? [] : [text(sid)]));
  await deleteDeliveriesOf(trx, atRest, sector, { subs, sids });
  return { pseudonyms: pseudonyms.length, sessions: sessions.length, subs };
}
