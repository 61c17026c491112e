import type { SigningAlgorithm } from './algorithms.ts';

/** The life of a signing key: published, signing, published still. */
type SigningKeyState = 'next' | 'active' | 'retired';

/** What the rules need to know of a stored key. */
export interface KeyStanding {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly state: SigningKeyState;
  readonly createdAt: Date;
  readonly retiredAt?: Date | undefined;
}

/** One change to the stored keys; the changes of a plan are made in order, in one transaction. */
export type KeyStep =
  | { readonly step: 'create'; readonly alg: SigningAlgorithm; readonly state: 'next' | 'active' }
  | { readonly step: 'retire' | 'activate' | 'forget'; readonly kid: string };

/** Times of a rotation, in seconds. */
export interface RotationTimes {
  /** How long a key is published before it signs; the JWKS may be cached for less than that. */
  readonly publication: number;
  /** How long a retired key stays published; no shorter than the longest life of a token. */
  readonly retention: number;
  /** How long it still verifies what comes back to us: no shorter than the longest grant. */
  readonly memory: number;
}

const DEFAULT_TIMES: RotationTimes = {
  publication: 600,
  retention: 86_400,
  memory: 400 * 86_400,
};

/**
 * What an operator's wish for a new key asks for at once: a `next` key, unless
 * there is one. {@link planUpkeep} activates it when it has been published long enough.
 */
export function planRotation(
  rows: readonly KeyStanding[],
  alg: SigningAlgorithm,
  now: Date,
  times: RotationTimes = DEFAULT_TIMES,
): readonly KeyStep[] {
  const upkeep = planUpkeep(rows, alg, now, times);
  const [next] = inState(rows, alg, 'next');
  const begun = next !== undefined || inState(rows, alg, 'active').length === 0;
  return begun ? upkeep : [...upkeep, { step: 'create', alg, state: 'next' }];
}

/**
 * What time has made due for one algorithm; a plan without steps: nothing.
 * The first key signs at once, since nobody holds a JWKS that lacks it. Where
 * two replicas plan alike, the second finds its steps done.
 */
export function planUpkeep(
  rows: readonly KeyStanding[],
  alg: SigningAlgorithm,
  now: Date,
  times: RotationTimes = DEFAULT_TIMES,
): readonly KeyStep[] {
  const active = inState(rows, alg, 'active');
  const [next] = inState(rows, alg, 'next');
  const forget = inState(rows, alg, 'retired')
    .filter((row) => !isWithin(row, now, times.memory))
    .map(({ kid }): KeyStep => ({ step: 'forget', kid }));
  if (active.length === 0) {
    const first: KeyStep =
      next === undefined
        ? { step: 'create', alg, state: 'active' }
        : { step: 'activate', kid: next.kid };
    return [first, ...forget];
  }
  if (next === undefined || now < signsFrom(next, times)) return forget;
  const retire = active.map(({ kid }): KeyStep => ({ step: 'retire', kid }));
  return [...retire, { step: 'activate', kid: next.kid }, ...forget];
}

/** The instant from which a `next` key may sign. */
export function signsFrom(
  row: Pick<KeyStanding, 'createdAt'>,
  times: RotationTimes = DEFAULT_TIMES,
): Date {
  return new Date(row.createdAt.getTime() + times.publication * 1000);
}

/** Whether a key belongs in the JWKS: always, but for a key retired long ago. */
export function isPublished(
  row: Pick<KeyStanding, 'state' | 'retiredAt'>,
  now: Date,
  times: RotationTimes = DEFAULT_TIMES,
): boolean {
  return isWithin(row, now, times.retention);
}

/** Whether a key is in use, or was retired less than so many seconds ago. */
function isWithin(
  row: Pick<KeyStanding, 'state' | 'retiredAt'>,
  now: Date,
  seconds: number,
): boolean {
  if (row.state !== 'retired' || row.retiredAt === undefined) return true;
  return now.getTime() < row.retiredAt.getTime() + seconds * 1000;
}

/** The keys of one algorithm in one state, oldest first. */
function inState(
  rows: readonly KeyStanding[],
  alg: SigningAlgorithm,
  state: SigningKeyState,
): readonly KeyStanding[] {
  return rows
    .filter((row) => row.alg === alg && row.state === state)
    .toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
}
