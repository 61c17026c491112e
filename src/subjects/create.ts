import type { PseudonymAlgorithm } from '../config/types.ts';
import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { readMark } from '../database/subject-marks.ts';
import type { Reason } from '../errors.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import { isStillPresent, presentName } from './former-names.ts';
import { findPlaced, isSamePlacement, placementOf } from './placement.ts';
import type { Placement } from './placement.ts';
import { givenUsers } from './mapping.ts';
import { anotherPseudonym, derivePseudonym, NO_SALT } from './derive.ts';
import { isFree } from './free.ts';
import type { Salts } from './salts/store.ts';
import type { SecurityLog } from './security-log.ts';
import { insertPseudonym, lockNewest, noteKnown, PseudonymTaken } from './store.ts';
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
  /** The index, in the sector where they arrived, of the name that the user goes by there. */
  readonly arrivedIndex: Uint8Array;
}

/** Where a login stands in the change log, and what it is refused with if its user was erased since. */
export interface Since {
  readonly change: number;
  readonly ended: Reason;
}

const GENERATIONS_TRIED = 4;

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
  const own = await lockNewest(trx, user);
  if (own !== undefined) return success(await met(trx, own, user));
  const place = await placementOf(trx, user.sector);
  const known = await findPlaced(trx, mint, place, user.localSubject);
  if (known !== undefined) return success(await met(trx, known, user));
  const present = await presentName(trx, mint, user.localSubject, mint.clock());
  if (present !== undefined) return findOrCreate(trx, mint, calledNow(mint, user, present), since);
  const newcomer = placed(mint, user, place);
  const erased = [
    await nextGeneration(trx, mint.tombstoneRoot, newcomer),
    await nextGeneration(trx, mint.tombstoneRoot, user),
  ].filter((generation) => generation !== undefined);
  if (erased.length === 0) return createUnmoved(trx, mint, newcomer, 1);
  const goodFrom = Math.max(
    (await readMark(trx, mint.atRest, newcomer.userIndex)) ?? 0,
    (await readMark(trx, mint.atRest, user.userIndex)) ?? 0,
  );
  if (since !== undefined && since.change < goodFrom) {
    return failure(since.ended, 'the user was erased since the login');
  }
  const created = await createUnmoved(trx, mint, newcomer, Math.max(...erased));
  return created.ok ? success({ ...created.value, goodFrom }) : created;
}

/** The pseudonym of a user who was known; where it stands is known to a vendor from now on. */
async function met(
  trx: Transaction,
  known: Pseudonym,
  { sector, userIndex }: ArrivingUser,
): Promise<FoundPseudonym> {
  const { knownOnlyIn, ...pseudonym } = known;
  if (knownOnlyIn !== undefined && knownOnlyIn !== sector) await noteKnown(trx, known);
  return { ...pseudonym, isNew: false, arrivedIndex: userIndex };
}

/** A user without a pseudonym, who gets one where those of the sector's users are. */
interface Newcomer extends ArrivingUser {
  readonly place: Placement;
  readonly arrived: ArrivingUser;
}

function placed({ indexRoot }: Mint, arrived: ArrivingUser, place: Placement): Newcomer {
  const { localSubject } = arrived;
  const { sector } = place;
  return {
    sector,
    userIndex: indexUser(indexRoot, sector, localSubject),
    localSubject,
    place,
    arrived,
  };
}

/** The same user under the name that took the place of theirs. */
function calledNow({ indexRoot }: Mint, user: ArrivingUser, localSubject: string): ArrivingUser {
  return { ...user, localSubject, userIndex: indexUser(indexRoot, user.sector, localSubject) };
}

/** Nobody is made anew whom an operator links to another name, or whose sector, at this moment. */
async function createUnmoved(
  trx: Transaction,
  mint: Mint,
  user: Newcomer,
  first: number,
): Promise<Result<FoundPseudonym>> {
  const created = await create(trx, mint, user, first);
  const { arrived, place } = user;
  const isStanding =
    (await isStillPresent(trx, mint, user.localSubject, mint.clock())) &&
    isSamePlacement(place, await placementOf(trx, arrived.sector));
  if (isStanding) return created;
  throw new PseudonymTaken();
}

async function create(
  trx: Transaction,
  mint: Mint,
  user: Newcomer,
  first: number,
): Promise<Result<FoundPseudonym>> {
  const { sector, userIndex, localSubject, place, arrived } = user;
  const knownOnlyIn = arrived.sector === sector ? undefined : arrived.sector;
  let { algorithm, saltVersion, sub } =
    first === 1 ? await firstPseudonym(trx, mint, user) : anotherPseudonym();
  for (let generation = first; generation < first + GENERATIONS_TRIED; generation += 1) {
    const pseudonym = { sector, userIndex, generation, sub };
    const isOriginal = algorithm === 'preserved';
    if (await isFree(trx, mint.indexRoot, { sub, localSubject, isOriginal }, place.beside)) {
      const record = { localSubject, saltVersion, knownOnlyIn, createdAt: mint.clock() };
      await insertPseudonym(trx, mint.atRest, { ...pseudonym, ...record, algorithm });
      return success({ ...pseudonym, isNew: true, arrivedIndex: arrived.userIndex });
    }
    mint.log.warn(
      { event: 'security', kind: 'pseudonym_collision', sector, generation, algorithm },
      'a new pseudonym equals the subject of another user; the next generation is taken',
    );
    ({ algorithm, saltVersion, sub } = anotherPseudonym());
  }
  return failure('subject_collision', `no free pseudonym in ${GENERATIONS_TRIED} generations`);
}

type Made = Pick<PseudonymRecord, 'algorithm' | 'saltVersion' | 'sub'>;

async function firstPseudonym(
  trx: Transaction,
  { algorithm, salts }: Mint,
  { sector, localSubject, place, arrived }: Newcomer,
): Promise<Made> {
  // Nobody is handed another vendor's original subjects by a link.
  const preserves = arrived.preserves === true && !place.betweenVendors;
  if (preserves && (await givenUsers(trx, arrived.sector, [arrived.userIndex])).size > 0) {
    return { algorithm: 'preserved', saltVersion: NO_SALT, sub: localSubject };
  }
  if (algorithm === 'random') return anotherPseudonym();
  const salt = await salts.currentSalt(trx);
  const sub = derivePseudonym(algorithm, { sector, localSubject, salt: salt.value });
  return { algorithm, saltVersion: salt.version, sub };
}
