import { expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import {
  purgeReferences,
  putReference,
  readReference,
  takeReference,
} from '../../../src/database/references.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const value = bytes('sealed elsewhere');
const expiresAt = new Date(2_000);
const before = new Date(1_999);

describeOnEachDialect('values behind a reference', (open) => {
  test('are read as often as one likes until they expire, for their purpose only', async () => {
    const { db } = await open.fresh();
    const reference = await putReference(db, 'transaction', value, expiresAt);
    expect(reference).toMatch(/^[\w-]{43}$/);
    expect(await readReference(db, 'transaction', reference, before)).toEqual(value);
    expect(await readReference(db, 'transaction', reference, before)).toEqual(value);
    expect(await readReference(db, 'code', reference, before)).toBeUndefined();
    expect(await readReference(db, 'transaction', `${reference} `, before)).toBeUndefined();
    expect(await readReference(db, 'transaction', reference, expiresAt)).toBeUndefined();
  });

  test('are taken once, by one of many replicas', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    const reference = await putReference(database.db, 'code', value, expiresAt);
    const takings = await Promise.all(
      Array.from({ length: 15 }, (_, n) =>
        takeReference(replicas[n % 3] ?? database.db, 'code', reference, before),
      ),
    );
    expect(takings.filter((taken) => taken !== undefined)).toEqual([value]);
  });

  test('cannot be redeemed with what the database holds', async () => {
    const { db } = await open.fresh();
    const reference = await putReference(db, 'code', value, expiresAt);
    const { hash } = await db('sealed_references').first();
    for (const form of ['base64url', 'hex', 'utf8'] as const) {
      expect(hash.toString(form)).not.toContain(reference);
      expect(await takeReference(db, 'code', hash.toString(form), before)).toBeUndefined();
    }
  });

  test('hold a large value, and are forgotten after they have expired', async () => {
    const { db } = await open.fresh();
    const large = Buffer.alloc(500_000, 7);
    const reference = await putReference(db, 'code', large, expiresAt);
    expect(await readReference(db, 'code', reference, before)).toEqual(large);
    expect(await purgeReferences(db, before)).toBe(0);
    expect(await purgeReferences(db, expiresAt)).toBe(1);
  });
});
