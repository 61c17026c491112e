import { randomBytes } from 'node:crypto';

import type { PseudonymAlgorithm } from '../../config/types.ts';
import type { AtRest } from '../../database/at-rest.ts';
import type { Connection, Transaction } from '../../database/connection.ts';
import { fingerprintOf, saltContext } from './store.ts';

/** The life of a version of the salt. */
export interface SaltTimes {
  readonly version: number;
  readonly state: 'active' | 'retired' | 'destroyed';
  readonly createdAt: Date;
  readonly retiredAt: Date | undefined;
  /** The end of its grace. */
  readonly destroyAfter: Date | undefined;
}

/** A version of the salt, as the operator sees it. */
export interface SaltVersion extends SaltTimes {
  /** Pseudonyms that were derived from it. */
  readonly pseudonyms: number;
}

interface Row {
  readonly version: number;
  readonly state: SaltVersion['state'];
  readonly created_at: number;
  readonly retired_at: number | null;
  readonly destroy_after: number | null;
}

/** Bytes of a salt that we make. */
const SALT = 32;
/** Milliseconds for which a login that had read a version may still write with it. */
const LAST_USES = 10 * 60 * 1000;

/** The life of every version, oldest first. */
export async function saltTimes(db: Connection): Promise<readonly SaltTimes[]> {
  const rows = await db<Row>('salts').orderBy('version').select();
  return rows.map((row) => ({
    version: row.version,
    state: row.state,
    createdAt: new Date(row.created_at),
    retiredAt: dateOf(row.retired_at),
    destroyAfter: dateOf(row.destroy_after),
  }));
}

/** Every version with how much was derived from it, oldest first. */
export async function listSalts(db: Connection): Promise<readonly SaltVersion[]> {
  const versions = await saltTimes(db);
  const counted = await db('pseudonyms')
    .groupBy('salt_version')
    .count({ rows: '*' })
    .select<{ salt_version: number; rows: number | string }[]>('salt_version');
  const counts = new Map(counted.map((row) => [row.salt_version, Number(row.rows)]));
  return versions.map((salt) => ({ ...salt, pseudonyms: counts.get(salt.version) ?? 0 }));
}

/** The newest version. */
export async function newestSalt(connection: Connection | Transaction): Promise<number> {
  const row = await connection<Row>('salts').orderBy('version', 'desc').first('version');
  return row?.version ?? 0;
}

/**
 * Makes a new, random version the active one. The unique version decides between
 * two who do so at once.
 */
export async function insertNextSalt(
  trx: Transaction,
  atRest: AtRest,
  next: { version: number; algorithm: PseudonymAlgorithm; at: Date; destroyAfter: Date },
): Promise<void> {
  const { version, algorithm, at, destroyAfter } = next;
  const random = randomBytes(SALT);
  // That algorithm takes text.
  const salt = algorithm === 'oidc-sha256' ? Buffer.from(random.toString('base64url')) : random;
  await trx('salts').insert({
    ...{ version, algorithm, state: 'active', created_at: at.getTime() },
    salt: atRest.seal(saltContext(version), salt),
  });
  await trx('salts').where({ state: 'active' }).andWhere('version', '<', version).update({
    state: 'retired',
    retired_at: at.getTime(),
    destroy_after: destroyAfter.getTime(),
  });
}

/** Retired versions whose grace is over. */
export async function dueSalts(db: Connection, now: Date): Promise<readonly number[]> {
  const rows = await db<Row>('salts')
    .where({ state: 'retired' })
    .andWhere('destroy_after', '<=', now.getTime())
    .orderBy('version')
    .select('version');
  return rows.map(({ version }) => version);
}

/** Whether a pseudonym was derived from a version since it was retired: something still uses it. */
export async function isStillUsed(trx: Transaction, version: number): Promise<boolean> {
  const salt = await trx<Row>('salts').where({ version }).first('retired_at');
  const since = (salt?.retired_at ?? 0) + LAST_USES;
  const row: unknown = await trx('pseudonyms')
    .where({ salt_version: version })
    .andWhere('created_at', '>', since)
    .first('generation');
  return row !== undefined;
}

/** Destroys a retired version. False: somebody else was first. */
export async function destroySalt(
  trx: Transaction,
  atRest: AtRest,
  version: number,
): Promise<boolean> {
  const row = await trx('salts')
    .where({ version, state: 'retired' })
    .forUpdate()
    .first<{ salt: Buffer } | undefined>('salt');
  if (row === undefined) return false;
  const place = saltContext(version);
  const salt = atRest.seal(place, fingerprintOf(atRest.open(place, row.salt)));
  await trx('salts').where({ version }).update({ salt, state: 'destroyed' });
  return true;
}

function dateOf(column: number | null): Date | undefined {
  return column === null ? undefined : new Date(column);
}
