import { createHash } from 'node:crypto';

import type { PseudonymAlgorithm } from '../../config/types.ts';
import type { AtRest } from '../../database/at-rest.ts';
import { inTransaction, isUniqueViolation, orUnavailable } from '../../database/connection.ts';
import type { Connection, Transaction } from '../../database/connection.ts';

/** A version of the salt from which first-generation pseudonyms are derived. */
export interface Salt {
  readonly version: number;
  readonly value: Uint8Array;
}

/** What {@link Salts.open} needs. */
export interface SaltOptions {
  readonly db: Connection;
  readonly atRest: AtRest;
  /** `PAIRWISE_SALT`, decoded as the algorithm asks. */
  readonly pairwiseSalt: Uint8Array;
  readonly algorithm: PseudonymAlgorithm;
  readonly clock: () => Date;
}

interface SaltRow {
  readonly version: number;
  readonly salt: Uint8Array;
  readonly algorithm: string;
  readonly state: 'active' | 'retired' | 'destroyed';
}

const FIRST_VERSION = 1;

/** `PAIRWISE_SALT` is not the salt that the subjects in the database were derived from. */
export class SaltMismatchError extends Error {
  override readonly name = 'SaltMismatchError';

  constructor(stored: string, configured: PseudonymAlgorithm) {
    const algorithms =
      stored === configured
        ? ''
        : ` PSEUDONYM_ALGORITHM is ${configured} and was ${stored} then, which reads the salt differently.`;
    super(
      'PAIRWISE_SALT differs from the value that this database was set up with: new users would get' +
        ' subjects that no other replica gives them. Set it to the first value again; a new salt is' +
        ` introduced by rotation, never by this variable.${algorithms}`,
    );
  }
}

/**
 * The salts, sealed at rest. The configured one becomes version 1 once and must stay
 * the same; later versions are random.
 */
export class Salts {
  readonly #atRest: AtRest;

  private constructor(atRest: AtRest) {
    this.#atRest = atRest;
  }

  /**
   * Seeds version 1 from the configuration, or checks it against the stored one. Any number of
   * replicas may do so at the same moment.
   *
   * @throws {SaltMismatchError} where another value was stored before
   */
  static async open({ db, atRest, pairwiseSalt, algorithm, clock }: SaltOptions): Promise<Salts> {
    const first = await readOrInsertFirst(db, {
      version: FIRST_VERSION,
      salt: atRest.seal(saltContext(FIRST_VERSION), pairwiseSalt),
      algorithm,
      created_at: clock().getTime(),
      state: 'active',
    });
    const kept = atRest.open(saltContext(FIRST_VERSION), first.salt);
    const expected = first.state === 'destroyed' ? fingerprintOf(pairwiseSalt) : pairwiseSalt;
    if (!kept.equals(expected)) {
      throw new SaltMismatchError(first.algorithm, algorithm);
    }
    return new Salts(atRest);
  }

  /** The salt that new pseudonyms are derived from. */
  async currentSalt(connection: Connection | Transaction): Promise<Salt> {
    const row = await connection<SaltRow>('salts')
      .where({ state: 'active' })
      .orderBy('version', 'desc')
      .first('version', 'salt');
    if (row === undefined) throw new Error('the table salts has no active row: restore it');
    return {
      version: row.version,
      value: this.#atRest.open(saltContext(row.version), row.salt),
    };
  }
}

async function readOrInsertFirst(
  db: Connection,
  row: SaltRow & { created_at: number },
): Promise<SaltRow> {
  const existing = await readFirst(db);
  if (existing !== undefined) return existing;
  try {
    await inTransaction(db, async (trx) => {
      await trx('salts').insert(row);
    });
    return row;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
  const winner = await readFirst(db);
  if (winner === undefined) throw new Error('the first salt vanished while it was read');
  return winner;
}

async function readFirst(db: Connection): Promise<SaltRow | undefined> {
  return orUnavailable(() =>
    db<SaltRow>('salts')
      .where({ version: FIRST_VERSION })
      .first('version', 'salt', 'algorithm', 'state'),
  );
}

/** What is kept of a salt that was destroyed, so that another value is still told from it. */
export function fingerprintOf(salt: Uint8Array): Buffer {
  return createHash('sha256').update(salt).digest();
}

export function saltContext(version: number): { table: string; column: string; row: string } {
  return { table: 'salts', column: 'salt', row: String(version) };
}
