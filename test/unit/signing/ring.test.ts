import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { KeyRing } from '../../../src/signing/ring.ts';
import type { KeyStore } from '../../../src/signing/upkeep.ts';
import { keepKeys, rotateKeys } from '../../../src/signing/upkeep.ts';
import { describeOnEachDialect } from '../../support/database.ts';

describeOnEachDialect('the key ring of a replica', (open) => {
  async function replicas(): Promise<{
    one: KeyRing;
    other: KeyRing;
    store: KeyStore;
    at: Date[];
  }> {
    const database = await open.fresh();
    const at = [new Date('2030-01-01T00:00:00Z')];
    const clock = (): Date => at.at(-1) ?? new Date(0);
    const store = { db: database.db, atRest: new AtRest(randomBytes(32)), clock };
    const log = createLogger({ level: 'silent', destination: { write: () => undefined } });
    const [one, other] = await Promise.all([KeyRing.open(store, log), KeyRing.open(store, log)]);
    one.close();
    other.close();
    return { one, other, store, at };
  }

  test('of two that start at once both have the same first keys', async () => {
    const { one, other } = await replicas();
    expect(one.publicKeys()).toHaveLength(4);
    expect(other.publicKeys()).toEqual(one.publicKeys());
    for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA'] as const) {
      expect(other.signingKey(alg).kid).toBe(one.signingKey(alg).kid);
    }
  });

  test('catches up by itself with a change that it was never told of', async () => {
    const { one, other, store, at } = await replicas();
    const before = one.signingKey('ES256').kid;
    await rotateKeys(store, ['ES256']);
    await other.lookAfter();
    expect(other.publicKeys()).toHaveLength(5);
    expect(other.signingKey('ES256').kid).toBe(before);

    at.push(new Date('2030-01-01T00:10:01Z'));
    expect(await keepKeys(store)).toBe(true);
    for (const ring of [one, other]) {
      await ring.lookAfter();
      expect(ring.signingKey('ES256').kid).not.toBe(before);
      expect(ring.publicKeys()).toHaveLength(5);
    }
  });

  test('goes on with the keys that it knows while they cannot be read', async () => {
    const { one, store } = await replicas();
    const keys = one.publicKeys();
    await store.db.destroy();
    await one.lookAfter();
    expect(one.publicKeys()).toEqual(keys);
    expect(one.signingKey('RS256').kid).toBeTypeOf('string');
  });
});
