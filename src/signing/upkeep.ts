import type { AuditAct } from '../audit/acts.ts';
import type { By } from '../audit/by.ts';
import { SYSTEM } from '../audit/by.ts';
import { appendAudits } from '../audit/store.ts';
import type { AtRest } from '../database/at-rest.ts';
import { appendChange } from '../database/changes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import {
  deleteRetiredSigningKey,
  insertSigningKey,
  readSigningKeys,
  updateSigningKeyState,
} from '../database/signing-keys.ts';
import type { SigningAlgorithm } from '../tokens/algorithms.ts';
import type { KeyStep } from '../tokens/key-rotation.ts';
import { planRotation, planUpkeep } from '../tokens/key-rotation.ts';
import type { GeneratedKey } from '../tokens/signing-keys.ts';
import { generateSigningKey } from '../tokens/signing-keys.ts';

/** The algorithms that the proxy signs with; each has a key from the first start on. */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const;

/** Where the signing keys are. */
export interface KeyStore {
  readonly db: Connection;
  readonly atRest: AtRest;
  readonly clock: () => Date;
  /** Where new keys come from. Default: they are made. */
  readonly newKey?: NewKey | undefined;
}

/** A key pair that nobody has used. */
export type NewKey = (alg: SigningAlgorithm, now: Date) => Promise<GeneratedKey>;

/** Creates, activates, retires and forgets keys as time has made due; true when something changed. */
export async function keepKeys(store: KeyStore): Promise<boolean> {
  const now = store.clock();
  const rows = await readSigningKeys(store.db, store.atRest);
  return carryOut(
    store,
    SIGNING_ALGORITHMS.flatMap((alg) => planUpkeep(rows, alg, now)),
    SYSTEM,
  );
}

/** Begins a rotation: the next key of each algorithm is published, and signs later. */
export async function rotateKeys(
  store: KeyStore,
  algorithms: readonly SigningAlgorithm[],
  by: By = SYSTEM,
): Promise<boolean> {
  const now = store.clock();
  const rows = await readSigningKeys(store.db, store.atRest);
  return carryOut(
    store,
    algorithms.flatMap((alg) => planRotation(rows, alg, now)),
    by,
  );
}

const ACTS: Readonly<Record<KeyStep['step'], AuditAct>> = {
  create: 'key.created',
  activate: 'key.activated',
  retire: 'key.retired',
  forget: 'key.forgotten',
};

async function carryOut(store: KeyStore, steps: readonly KeyStep[], by: By): Promise<boolean> {
  if (steps.length === 0) return false;
  const now = store.clock();
  // Made before the transaction: an RSA key takes a while, and locks should not wait for it.
  const generated = new Map<KeyStep, GeneratedKey>();
  const { newKey = generateSigningKey } = store;
  for (const step of steps) {
    if (step.step === 'create') generated.set(step, await newKey(step.alg, now));
  }
  return inTransaction(store.db, async (trx) => {
    const done = [];
    for (const step of steps) {
      const key = generated.get(step);
      if (!(await carryOutStep(trx, store, step, key, now))) continue;
      const target = step.step === 'create' ? (key?.kid ?? step.alg) : step.kid;
      done.push({ entry: { ...by, act: ACTS[step.step], target }, at: now });
    }
    if (done.length === 0) return false;
    await appendChange(trx, 'keys', 'signing', now);
    await appendAudits(trx, done);
    return true;
  });
}

function carryOutStep(
  trx: Transaction,
  store: KeyStore,
  step: KeyStep,
  key: GeneratedKey | undefined,
  now: Date,
): Promise<boolean> {
  if (step.step === 'create') {
    if (key === undefined) return Promise.resolve(false);
    const activated = step.state === 'active' ? { activatedAt: now } : {};
    return insertSigningKey(trx, store.atRest, { ...key, state: step.state, ...activated });
  }
  switch (step.step) {
    case 'retire':
      return updateSigningKeyState(trx, step.kid, 'retired', now);
    case 'activate':
      return updateSigningKeyState(trx, step.kid, 'active', now);
    case 'forget':
      return deleteRetiredSigningKey(trx, step.kid);
  }
}
