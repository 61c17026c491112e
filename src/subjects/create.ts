import type { PseudonymAlgorithm } from '../config/types.ts';
import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import { derivePseudonym, randomPseudonym } from './derive.ts';
import type { Salts } from './salts/store.ts';
import type { SecurityLog } from './security-log.ts';
import { findNewest, findOwner, insertPseudonym, isKnownUser, PseudonymTaken } from './store.ts';
import type { Pseudonym, SectorUser } from './store.ts';

/** A user who is being given a subject. */
export interface ArrivingUser extends SectorUser {
  readonly localSubject: string;
}

/** What making a pseudonym needs. */
export interface Mint {
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
  readonly salts: Salts;
  readonly algorithm: PseudonymAlgorithm;
  readonly clock: () => Date;
  readonly log: SecurityLog;
}

/** A pseudonym, and whether this transaction wrote it. */
export interface FoundPseudonym extends Pseudonym {
  readonly isNew: boolean;
}

const GENERATIONS_TRIED = 4;

/**
 * The user's current pseudonym; at the first meeting a new one, written in this
 * transaction.
 *
 * @returns `subject_collision` if chance or an attacker hit every generation that was tried
 * @throws {PseudonymTaken} where another replica was first: begin the transaction again
 */
export async function findOrCreate(
  trx: Transaction,
  mint: Mint,
  user: ArrivingUser,
): Promise<Result<FoundPseudonym>> {
  const known = await findNewest(trx, user);
  return known === undefined ? create(trx, mint, user) : success({ ...known, isNew: false });
}

async function create(
  trx: Transaction,
  mint: Mint,
  user: ArrivingUser,
): Promise<Result<FoundPseudonym>> {
  const { sector, userIndex, localSubject } = user;
  const salt = await mint.salts.currentSalt(trx);
  let algorithm = mint.algorithm;
  let sub = derivePseudonym(algorithm, { sector, localSubject, salt: salt.value });
  for (let generation = 1; generation <= GENERATIONS_TRIED; generation += 1) {
    const pseudonym = { sector, userIndex, generation, sub };
    if (await isFree(trx, mint, pseudonym)) {
      const record = { localSubject, saltVersion: salt.version, createdAt: mint.clock() };
      await insertPseudonym(trx, mint.atRest, { ...pseudonym, ...record, algorithm });
      return success({ ...pseudonym, isNew: true });
    }
    mint.log.warn(
      { event: 'security', kind: 'pseudonym_collision', sector, generation, algorithm },
      'a new pseudonym equals the subject of another user; the next generation is taken',
    );
    algorithm = 'random';
    sub = randomPseudonym();
  }
  return failure('subject_collision', `no free pseudonym in ${GENERATIONS_TRIED} generations`);
}

/** Neither another user's pseudonym, nor what another user of the sector is called upstream. */
async function isFree(trx: Transaction, mint: Mint, pseudonym: Pseudonym): Promise<boolean> {
  const { sector, userIndex, sub } = pseudonym;
  const owner = await findOwner(trx, sector, sub);
  if (owner !== undefined) {
    // Committed by another replica since the first read; no collision.
    if (Buffer.compare(owner.userIndex, userIndex) === 0) throw new PseudonymTaken();
    return false;
  }
  const namesake = { sector, userIndex: indexUser(mint.indexRoot, sector, sub) };
  return !(await isKnownUser(trx, namesake));
}
