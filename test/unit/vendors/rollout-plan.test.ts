import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { modeFor } from '../../../src/vendors/phase.ts';
import {
  goesFurther,
  stateAfter,
  stepAfter,
  stepOf,
  STEPS,
  type RolloutState,
} from '../../../src/vendors/rollout-plan.ts';

const indexOf = (user: number): Buffer => createHash('sha256').update(`${user}`).digest();
const named = (user: number): string => indexOf(user).toString('base64url');

function state(phase: RolloutState['phase'], rest: Partial<RolloutState> = {}): RolloutState {
  return { phase, percent: undefined, pilotUsers: [], isDone: false, ...rest };
}

/** Each further than the one before. */
const WAY: readonly RolloutState[] = [
  state('public'),
  state('shadow'),
  state('pairwise', { percent: 0 }),
  state('pairwise', { pilotUsers: [named(1)] }),
  state('pairwise', { pilotUsers: [named(1), named(2)] }),
  state('pairwise', { percent: 5, pilotUsers: [named(1), named(2)] }),
  state('pairwise', { percent: 49 }),
  state('pairwise', { percent: 50 }),
  state('pairwise'),
  state('pairwise', { isDone: true }),
];

describe('the step of a state', () => {
  it('is the last one that it has reached', () => {
    expect(WAY.map(stepOf)).toEqual([
      ...['plan', 'shadow', 'pilot_users', 'pilot_users', 'pilot_users', 'percent_5', 'percent_5'],
      ...['percent_50', 'percent_100', 'done'],
    ]);
    expect(stepOf(state('pairwise', { percent: 100 }))).toBe('percent_100');
  });

  it('has the next one behind it, and the last has none', () => {
    expect(STEPS.map(stepAfter)).toEqual([...STEPS.slice(1), undefined]);
  });
});

it('to go further is to serve somebody more strictly, or to end the way', () => {
  for (const [a, from] of WAY.entries()) {
    for (const [b, to] of WAY.entries()) {
      expect(goesFurther(from, to), `${a} to ${b}`).toBe(b > a);
    }
  }
  const everybody = state('pairwise', { percent: 100, pilotUsers: [named(1)] });
  expect(goesFurther(state('pairwise'), everybody)).toBe(false);
  expect(goesFurther(everybody, state('pairwise'))).toBe(false);
});

describe('who is in', () => {
  const user = fc.integer({ min: 0, max: 30 });
  const pilots = fc.array(user, { minLength: 1, maxLength: 5 });
  const shares = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 5 });

  it('stays in from the pilot list through every larger share to everybody', () => {
    fc.assert(
      fc.property(user, pilots, shares, (someone, list, percents) => {
        let current = stateAfter(state('shadow'), {
          ...{ phase: 'pairwise', percent: undefined, isDone: false },
          pilotUsers: list.map(named),
        });
        let wasIn = modeFor(current, indexOf(someone)) === 'pairwise';
        for (const percent of [...percents.toSorted((a, b) => a - b), undefined]) {
          const wanted = { phase: 'pairwise', percent, isDone: false } as const;
          current = stateAfter(current, { ...wanted, pilotUsers: undefined });
          const isIn = modeFor(current, indexOf(someone)) === 'pairwise';
          expect(isIn || !wasIn).toBe(true);
          wasIn = isIn;
        }
        expect(wasIn).toBe(true);
      }),
    );
  });

  it('is let go by name only: by another list, by an empty one, or by another phase', () => {
    const pilot = WAY[4] ?? state('public');
    const wanted = { phase: 'pairwise', percent: 5, isDone: false } as const;
    const pilotsOf = (next: Partial<Parameters<typeof stateAfter>[1]>) =>
      stateAfter(pilot, { ...wanted, pilotUsers: undefined, ...next }).pilotUsers;
    expect(pilotsOf({})).toEqual(pilot.pilotUsers.toSorted());
    expect(pilotsOf({ pilotUsers: [named(9)] })).toEqual([named(9)]);
    expect(pilotsOf({ pilotUsers: [] })).toEqual([]);
    expect(pilotsOf({ phase: 'shadow', percent: undefined })).toEqual([]);
  });
});
