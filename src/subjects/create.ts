import type { PseudonymAlgorithm } from '../config/types.ts';
import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { readMark } from '../database/subject-marks.ts';
import type { Reason } from '../errors.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import { isStillPresent, presentName } from './former-names.ts';
import { givenUsers } from './mapping.ts';
import { derivePseudonym, randomPseudonym } from './derive.ts';
import type { Salts } from './salts/store.ts';
import type { SecurityLog } from './security-log.ts';
import { findOwner, insertPseudonym, isKnownUser, lockNewest, PseudonymTaken } from './store.ts';
import type { Pseudonym, PseudonymRecord, SectorUser } from './store.ts';
import { nextGeneration } from './tombstones.ts';

/** A user who is being given a subject. */
export interface ArrivingUser extends SectorUser {
  readonly localSubject: string;
  /** Whether the original subject becomes the pseudonym where the vendor was given it before. */
  readonly preserves?: boolean | undefined;
}

/** What making a pseudonym needs. */
export interface Mint {
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
  /** The root of what stays of erased pseudonyms. */
  readonly tombstoneRoot: Uint8Array;
  readonly salts: Salts;
  readonly algorithm: PseudonymAlgorithm;
  readonly clock: () => Date;
  readonly log: SecurityLog;
}

/** A pseudonym, and whether this transaction wrote it. */
export interface FoundPseudonym extends Pseudonym {
  readonly isNew: boolean;
}

/** Where a login stands in the change log, and what it is refused with if its user was erased since. */
export interface Since {
  readonly change: number;
  readonly ended: Reason;
}

const GENERATIONS_TRIED = 4;
/** The salt version of pseudonyms that are derived from none. */
const NO_SALT = 0;

/**
 * The user's current pseudonym; at the first meeting a new one, written in this
 * transaction. No rotation or erasure of the user comes between.
 *
 * @param since what the login began with; a user who was erased after it is not made anew by it
 * @returns `subject_collision` if chance or an attacker hit every generation that was tried;
 *   `since.ended`
 * @throws {PseudonymTaken} where another replica was first: begin the transaction again
 */
export async function findOrCreate(
  trx: Transaction,
  mint: Mint,
  user: ArrivingUser,
  since: Since | undefined,
): Promise<Result<FoundPseudonym>> {
  const known = await lockNewest(trx, user);
  if (known !== undefined) return success({ ...known, isNew: false });
  const present = await presentName(trx, mint, user.localSubject, mint.clock());
  if (present !== undefined) return findOrCreate(trx, mint, calledNow(mint, user, present), since);
  const generation = await nextGeneration(trx, mint.tombstoneRoot, user);
  if (generation === undefined) return createUnlessLinked(trx, mint, user, 1);
  const goodFrom = (await readMark(trx, mint.atRest, user.userIndex)) ?? 0;
  if (since !== undefined && since.change < goodFrom) {
    return failure(since.ended, 'the user was erased since the login');
  }
  const created = await createUnlessLinked(trx, mint, user, generation);
  return created.ok ? success({ ...created.value, goodFrom }) : created;
}

/** The same user under the name that took the place of theirs. */
function calledNow({ indexRoot }: Mint, user: ArrivingUser, localSubject: string): ArrivingUser {
  return { ...user, localSubject, userIndex: indexUser(indexRoot, user.sector, localSubject) };
}

/** Nobody is made anew whom an operator links to another name at this moment. */
async function createUnlessLinked(
  trx: Transaction,
  mint: Mint,
  user: ArrivingUser,
  first: number,
): Promise<Result<FoundPseudonym>> {
  const created = await create(trx, mint, user, first);
  if (await isStillPresent(trx, mint, user.localSubject, mint.clock())) return created;
  throw new PseudonymTaken();
}

async function create(
  trx: Transaction,
  mint: Mint,
  user: ArrivingUser,
  first: number,
): Promise<Result<FoundPseudonym>> {
  const { sector, userIndex, localSubject } = user;
  let { algorithm, saltVersion, sub } =
    first === 1 ? await firstPseudonym(trx, mint, user) : anotherPseudonym();
  for (let generation = first; generation < first + GENERATIONS_TRIED; generation += 1) {
    const pseudonym = { sector, userIndex, generation, sub };
    if (await isFree(trx, mint, { ...pseudonym, isOriginal: algorithm === 'preserved' })) {
      const record = { localSubject, saltVersion, createdAt: mint.clock() };
      await insertPseudonym(trx, mint.atRest, { ...pseudonym, ...record, algorithm });
      return success({ ...pseudonym, isNew: true });
    }
    mint.log.warn(
      { event: 'security', kind: 'pseudonym_collision', sector, generation, algorithm },
      'a new pseudonym equals the subject of another user; the next generation is taken',
    );
    ({ algorithm, saltVersion, sub } = anotherPseudonym());
  }
  return failure('subject_collision', `no free pseudonym in ${GENERATIONS_TRIED} generations`);
}

interface Made extends Pick<PseudonymRecord, 'algorithm' | 'saltVersion'> {
  readonly sub: string;
}

async function firstPseudonym(
  trx: Transaction,
  { algorithm, salts }: Mint,
  { sector, userIndex, localSubject, preserves }: ArrivingUser,
): Promise<Made> {
  if (preserves === true && (await givenUsers(trx, sector, [userIndex])).size > 0) {
    return { algorithm: 'preserved', saltVersion: NO_SALT, sub: localSubject };
  }
  if (algorithm === 'random') return anotherPseudonym();
  const salt = await salts.currentSalt(trx);
  const sub = derivePseudonym(algorithm, { sector, localSubject, salt: salt.value });
  return { algorithm, saltVersion: salt.version, sub };
}

/** Every generation after the first is random, in every algorithm. */
export function anotherPseudonym(): Made {
  return { algorithm: 'random', saltVersion: NO_SALT, sub: randomPseudonym() };
}

/** Neither another user's pseudonym, nor what another user of the sector is called upstream. */
async function isFree(
  trx: Transaction,
  mint: Mint,
  { sector, userIndex, sub, isOriginal }: Pseudonym & { readonly isOriginal: boolean },
): Promise<boolean> {
  const owner = await findOwner(trx, sector, sub);
  if (owner !== undefined) {
    // Committed by another replica since the first read; no collision.
    if (Buffer.compare(owner.userIndex, userIndex) === 0) throw new PseudonymTaken();
    return false;
  }
  // Its namesake is the user: whoever else bore it was the owner above.
  if (isOriginal) return true;
  const namesake = { sector, userIndex: indexUser(mint.indexRoot, sector, sub) };
  return !(await isKnownUser(trx, namesake));
}
