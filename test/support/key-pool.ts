import type { JWK } from 'jose';
import { inject } from 'vitest';

import { newLegacyKey } from '../../demo/legacy-idp/signing-keys.ts';
import type { NewKey } from '../../src/signing/upkeep.ts';
import type { SigningAlgorithm } from '../../src/tokens/algorithms.ts';
import { generateSigningKey } from '../../src/tokens/signing-keys.ts';
import type { GeneratedKey } from '../../src/tokens/signing-keys.ts';
import type { TestDatabase } from './database.ts';

type LegacyKey = JWK & { kid: string };

/**
 * RSA keys for all tests of a run: making the three that a provider and a proxy need
 * takes longer than to start both. The provider's are none of the proxy's.
 */
export interface MadeKeys {
  readonly signing: Partial<Readonly<Record<SigningAlgorithm, readonly GeneratedKey[]>>>;
  readonly legacy: readonly LegacyKey[];
}

const OF_EACH = 4;
const RSA = ['RS256', 'PS256'] as const;

/** Makes them, once a run. */
export async function makeKeys(): Promise<MadeKeys> {
  const several = <Made>(make: () => Promise<Made>) =>
    Promise.all(Array.from({ length: OF_EACH }, make));
  const signing = await Promise.all(
    RSA.map(async (alg) => {
      return [alg, await several(() => generateSigningKey(alg, new Date()))] as const;
    }),
  );
  const legacy = await several(newLegacyKey);
  return {
    signing: Object.fromEntries(signing),
    // Names that no provider gives to a key of its own.
    legacy: legacy.map((key, place) => ({ ...key, kid: `legacy-shared-${place + 1}` })),
  };
}

const taken = new WeakMap<TestDatabase, Map<SigningAlgorithm, number>>();

/** New keys for the proxies of one database: no key twice there, another database has the same. */
export function keysFor(database: TestDatabase): NewKey {
  const counts = taken.get(database) ?? new Map<SigningAlgorithm, number>();
  taken.set(database, counts);
  return async (alg, now) => {
    const count = counts.get(alg) ?? 0;
    counts.set(alg, count + 1);
    const made = inject('keys').signing[alg]?.[count];
    return made === undefined ? generateSigningKey(alg, now) : { ...made, createdAt: now };
  };
}

const inUse = new Set<string>();

/** A key for a legacy provider that no other one has while it runs, until it gives it back. */
export async function legacyKey(): Promise<LegacyKey> {
  const free = inject('keys').legacy.find(({ kid }) => !inUse.has(kid));
  if (free === undefined) return newLegacyKey();
  inUse.add(free.kid);
  return free;
}

/** What a provider had that is closed now. */
export function giveBack(keys: readonly LegacyKey[]): void {
  for (const { kid } of keys) inUse.delete(kid);
}
