import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { AtRest, AtRestError } from '../../../src/database/at-rest.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import type { Connection } from '../../../src/database/connection.ts';
import {
  deleteRetiredSigningKey,
  insertSigningKey,
  readSigningKeys,
  updateSigningKeyState,
} from '../../../src/database/signing-keys.ts';
import type { SigningKeyRow } from '../../../src/database/signing-keys.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const atRest = new AtRest(randomBytes(32));
const key = (kid: string, state: SigningKeyRow['state'] = 'next'): SigningKeyRow => ({
  kid,
  alg: 'ES256',
  state,
  publicJwk: { kty: 'EC', x: 'public' },
  privateJwk: { kty: 'EC', d: 'the-private-part' },
  createdAt: new Date(1_000),
});
const at = new Date(2_000);

const add = (db: Connection, row: SigningKeyRow): Promise<boolean> =>
  inTransaction(db, (trx) => insertSigningKey(trx, atRest, row));
const move = (db: Connection, kid: string, state: 'active' | 'retired'): Promise<boolean> =>
  inTransaction(db, (trx) => updateSigningKeyState(trx, kid, state, at));

describeOnEachDialect('signing keys', (open) => {
  test('of replicas that start at once, one makes the key of an algorithm and state', async () => {
    const database = await open.fresh();
    const added = await Promise.all(
      [database.db, database.connect(), database.connect()].map((db, n) => add(db, key(`k${n}`))),
    );
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await readSigningKeys(database.db, atRest)).toHaveLength(1);
    expect(await add(database.db, { ...key('other'), alg: 'RS256' })).toBe(true);
    expect(await add(database.db, key('active', 'active'))).toBe(true);
  });

  test('come back as they were, and their private part stands nowhere in the clear', async () => {
    const { db } = await open.fresh();
    await add(db, key('k1'));
    expect(await readSigningKeys(db, atRest)).toEqual([key('k1')]);
    const stored = JSON.stringify(await db('signing_keys').first());
    expect(stored).toContain('public');
    expect((await db('signing_keys').first()).private_jwk.includes('the-private-part')).toBe(false);
  });

  test('move from next to active to retired, one at a time and never back', async () => {
    const { db } = await open.fresh();
    await add(db, key('k1', 'active'));
    await add(db, key('k2'));
    expect(await move(db, 'k2', 'active')).toBe(false);
    expect(await move(db, 'k1', 'retired')).toBe(true);
    expect(await move(db, 'k2', 'active')).toBe(true);
    expect(await move(db, 'k2', 'active')).toBe(false);
    expect(await move(db, 'k1', 'active')).toBe(false);
    expect(await move(db, 'nothing', 'retired')).toBe(false);
    expect(await readSigningKeys(db, atRest)).toEqual([
      { ...key('k1', 'retired'), retiredAt: at },
      { ...key('k2', 'active'), activatedAt: at },
    ]);
  });

  test('are removed only when retired', async () => {
    const { db } = await open.fresh();
    await add(db, key('k1', 'active'));
    const remove = (): Promise<boolean> =>
      inTransaction(db, (trx) => deleteRetiredSigningKey(trx, 'k1'));
    expect(await remove()).toBe(false);
    await move(db, 'k1', 'retired');
    expect(await remove()).toBe(true);
  });

  // An attacker who can write to the database gives a key that they know the identifier of ours.
  test('a private part moved to another key’s row does not open', async () => {
    const { db } = await open.fresh();
    await add(db, key('k1', 'active'));
    await add(db, key('k2'));
    const { private_jwk } = await db('signing_keys')
      .where({ kid: bytes('k2') })
      .first();
    await db('signing_keys')
      .where({ kid: bytes('k1') })
      .update({ private_jwk });
    await expect(readSigningKeys(db, atRest)).rejects.toThrow(AtRestError);
  });
});
