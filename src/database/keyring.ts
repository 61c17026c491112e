import { randomBytes } from 'node:crypto';

import { bytes, text } from './bytes.ts';
import { inTransaction, isUniqueViolation } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';
import { unwrapRoot, wrapRoot } from './root-wrapping.ts';

/** The random roots from which every other key is made, 32 bytes each. */
export interface Keyring {
  /** Encryption at rest. */
  readonly storage: Uint8Array;
  /** The blind index. */
  readonly index: Uint8Array;
  /** Sealed tokens. */
  readonly seal: Uint8Array;
  /** Claims made per sector: `sid`, the offset of `auth_time`. */
  readonly claims: Uint8Array;
  /** Tombstones of erased users. */
  readonly tombstone: Uint8Array;
}

export interface MasterKeys {
  readonly masterKey: Uint8Array;
  readonly masterKeyPrevious: Uint8Array | undefined;
}

/** The master key does not fit the database, or the roots are gone. The message says what is right. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
}

const NAMES = ['storage', 'index', 'seal', 'claims', 'tombstone'] as const;
const ROOT = 32;

/** Tables whose rows are worth nothing without the roots they were made with. */
const DEPENDENT = ['salts', 'signing_keys', 'clients', 'pseudonyms', 'sessions'] as const;

/**
 * Reads the roots, or creates them in a new database. Replicas that start at
 * once get the same ones. Throws {@link MasterKeyError} for a wrong key and
 * where the roots are missing beside data that needs them.
 */
export async function loadKeyring(db: Connection, keys: MasterKeys): Promise<Keyring> {
  try {
    return await inTransaction(db, (trx) => readOrCreate(trx, keys));
  } catch (error) {
    // Another replica created them between our read and our insert.
    if (!isUniqueViolation(error)) throw error;
    return inTransaction(db, (trx) => readOrCreate(trx, keys));
  }
}

/**
 * Wraps under `masterKey` every root that is still wrapped under
 * `masterKeyPrevious`. The roots stay what they are, so replicas go on.
 * Returns how many were wrapped anew: 0 when there was nothing left to do.
 */
export async function rewrapKeyring(trx: Transaction, keys: MasterKeys): Promise<number> {
  const stored = await readWrapped(trx);
  let rewrapped = 0;
  for (const [name, wrapped] of stored) {
    if (unwrapRoot(keys.masterKey, name, wrapped) !== undefined) continue;
    const root = openRoot(keys, name, wrapped);
    rewrapped += await trx('roots')
      .where({ name: bytes(name), wrapped })
      .update({ wrapped: wrapRoot(keys.masterKey, name, root) });
  }
  return rewrapped;
}

async function readOrCreate(trx: Transaction, keys: MasterKeys): Promise<Keyring> {
  // Before the roots: a replica that starts beside this one may write roots, and then data, in between.
  const dependent = await tableWithData(trx);
  const stored = await readWrapped(trx);
  const root = async (name: (typeof NAMES)[number]): Promise<Uint8Array> => {
    const wrapped = stored.get(name);
    return wrapped === undefined ? create(trx, name, keys) : openRoot(keys, name, wrapped);
  };
  // A wrong key is found out here, before anything is created under it.
  for (const [name, wrapped] of stored) openRoot(keys, name, wrapped);
  if (dependent !== undefined && NAMES.some((name) => !stored.has(name))) {
    throw new MasterKeyError(
      `The table roots lacks keys that the rows of ${dependent} were made with. Restore it from a ` +
        'backup of this database: new keys would give every user another subject.',
    );
  }
  return {
    storage: await root('storage'),
    index: await root('index'),
    seal: await root('seal'),
    claims: await root('claims'),
    tombstone: await root('tombstone'),
  };
}

async function readWrapped(trx: Transaction): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await trx('roots').select<{ name: Buffer; wrapped: Buffer }[]>('name', 'wrapped');
  return new Map(rows.map(({ name, wrapped }) => [text(name), wrapped]));
}

async function create(trx: Transaction, name: string, keys: MasterKeys): Promise<Uint8Array> {
  const root = randomBytes(ROOT);
  const wrapped = wrapRoot(keys.masterKey, name, root);
  await trx('roots').insert({ name: bytes(name), wrapped, created_at: Date.now() });
  return root;
}

async function tableWithData(trx: Transaction): Promise<string | undefined> {
  for (const table of DEPENDENT) {
    if ((await trx(table).first()) !== undefined) return table;
  }
  return undefined;
}

function openRoot(keys: MasterKeys, name: string, wrapped: Uint8Array): Buffer {
  const { masterKey, masterKeyPrevious } = keys;
  const root =
    unwrapRoot(masterKey, name, wrapped) ??
    (masterKeyPrevious && unwrapRoot(masterKeyPrevious, name, wrapped));
  if (root !== undefined) return root;
  throw new MasterKeyError(
    masterKeyPrevious === undefined
      ? 'MASTER_KEY is not the key that this database was created with. Set MASTER_KEY to that key; ' +
          'to change it, set the new one as MASTER_KEY and the old one as MASTER_KEY_PREVIOUS.'
      : 'Neither MASTER_KEY nor MASTER_KEY_PREVIOUS is the key that this database was created with. ' +
          'Set one of them to that key.',
  );
}
