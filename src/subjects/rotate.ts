import type { AtRest } from '../database/at-rest.ts';
import type { Transaction } from '../database/connection.ts';
import { recordSubjectChanges } from './changed.ts';
import { anotherPseudonym } from './derive.ts';
import { lockNewestOfMany, lockNewestOpened, retireNewest } from './rotation-store.ts';
import type { OpenedPseudonym } from './rotation-store.ts';
import { insertPseudonyms } from './store.ts';
import type { PseudonymRecord, SectorUser } from './store.ts';

/** When a rotation takes place, and until when what it retires resolves. */
export interface RotationTimes {
  readonly at: Date;
  readonly graceUntil: Date;
}

/** Gives one user a new pseudonym. Undefined: they have none. */
export async function rotateUser(
  trx: Transaction,
  atRest: AtRest,
  user: SectorUser,
  times: RotationTimes,
): Promise<{ readonly old: OpenedPseudonym; readonly made: PseudonymRecord } | undefined> {
  const old = await lockNewestOpened(trx, atRest, user);
  if (old === undefined) return undefined;
  const [made] = await replace(trx, atRest, user.sector, [old], times);
  return made && { old, made };
}

/**
 * Gives the next users of a sector new pseudonyms, in the order of their indexes.
 *
 * @param after the index of the last user who had their turn
 * @returns the last user of these, and how many they were; undefined: nobody is left
 */
export async function rotateNext(
  trx: Transaction,
  atRest: AtRest,
  { sector, after, limit }: { sector: string; after: Uint8Array | undefined; limit: number },
  times: RotationTimes,
): Promise<{ readonly last: Uint8Array; readonly rotated: number } | undefined> {
  const old = await lockNewestOfMany(trx, atRest, sector, after, limit);
  const last = old.at(-1);
  if (last === undefined) return undefined;
  await replace(trx, atRest, sector, old, times);
  return { last: last.userIndex, rotated: old.length };
}

async function replace(
  trx: Transaction,
  atRest: AtRest,
  sector: string,
  old: readonly OpenedPseudonym[],
  { at, graceUntil }: RotationTimes,
): Promise<readonly PseudonymRecord[]> {
  const pairs = old.map((one) => ({
    old: one,
    made: {
      ...{ sector, userIndex: one.userIndex, generation: one.generation + 1 },
      ...{ localSubject: one.localSubject, createdAt: at, ...anotherPseudonym() },
      knownOnlyIn: one.knownOnlyIn,
    },
  }));
  const made = pairs.map((pair) => pair.made);
  await retireNewest(trx, sector, old, { at, graceUntil });
  await insertPseudonyms(trx, atRest, made);
  const changes = pairs.map(({ old: { userIndex, sub: oldSub }, made: { sub: newSub } }) => ({
    ...{ sector, userIndex, oldSub, newSub, at, graceUntil },
  }));
  await recordSubjectChanges(trx, changes);
  return made;
}
