import { randomUUID } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isPublished,
  planRotation,
  planUpkeep,
  signsFrom,
  type KeyStanding,
  type KeyStep,
} from '../../../src/tokens/key-rotation.ts';

const start = new Date('2030-01-01T00:00:00.000Z');
const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);

interface Row extends KeyStanding {
  readonly activatedAt?: Date;
}

const active: Row = { kid: 'a', alg: 'RS256', state: 'active', createdAt: start };
const next: Row = { kid: 'n', alg: 'RS256', state: 'next', createdAt: start };
const retired: Row = {
  kid: 'r',
  alg: 'RS256',
  state: 'retired',
  createdAt: start,
  retiredAt: start,
};

/** What the store does with a plan. */
function perform(rows: readonly Row[], steps: readonly KeyStep[], at: Date): readonly Row[] {
  let result = [...rows];
  for (const step of steps) {
    switch (step.step) {
      case 'create':
        result.push({ kid: randomUUID(), alg: step.alg, state: step.state, createdAt: at });
        break;
      case 'retire':
        result = result.map((row) =>
          row.kid === step.kid ? { ...row, state: 'retired', retiredAt: at } : row,
        );
        break;
      case 'activate':
        result = result.map((row) =>
          row.kid === step.kid ? { ...row, state: 'active', activatedAt: at } : row,
        );
        break;
      case 'forget':
        result = result.filter((row) => row.kid !== step.kid);
        break;
    }
  }
  return result;
}

describe('upkeep', () => {
  test('creates the first key ready to sign', () => {
    expect(planUpkeep([], 'RS256', start)).toEqual([
      { step: 'create', alg: 'RS256', state: 'active' },
    ]);
  });

  test('leaves a signing key alone', () => {
    expect(planUpkeep([active], 'RS256', after(1e9))).toEqual([]);
  });

  test('looks at the keys of its algorithm only', () => {
    const foreign = [active, next, retired].map((row): Row => ({ ...row, alg: 'ES256' }));
    expect(planUpkeep([active, ...foreign], 'RS256', after(1e9))).toEqual([]);
  });

  test('activates the next key after ten minutes of publication, not a moment before', () => {
    expect(planUpkeep([active, next], 'RS256', after(599.999))).toEqual([]);
    expect(planUpkeep([active, next], 'RS256', after(600))).toEqual([
      { step: 'retire', kid: 'a' },
      { step: 'activate', kid: 'n' },
    ]);
    expect(signsFrom(next)).toEqual(after(600));
  });

  test('activates the next key at once where no other can sign', () => {
    expect(planUpkeep([next], 'RS256', start)).toEqual([{ step: 'activate', kid: 'n' }]);
  });

  test('forgets a retired key when the longest grant that it may have signed for is over', () => {
    const days = 400 * 86_400;
    expect(planUpkeep([active, retired], 'RS256', after(days - 1))).toEqual([]);
    expect(planUpkeep([active, retired], 'RS256', after(days))).toEqual([
      { step: 'forget', kid: 'r' },
    ]);
  });

  test('goes by other times where they are given', () => {
    const times = { publication: 1, retention: 1, memory: 2 };
    expect(planUpkeep([active, next, retired], 'RS256', after(2), times)).toEqual([
      { step: 'retire', kid: 'a' },
      { step: 'activate', kid: 'n' },
      { step: 'forget', kid: 'r' },
    ]);
  });
});

describe('a rotation', () => {
  test('publishes a next key', () => {
    expect(planRotation([active], 'RS256', start)).toEqual([
      { step: 'create', alg: 'RS256', state: 'next' },
    ]);
  });

  test('asked for twice is one rotation', () => {
    expect(planRotation([active, next], 'RS256', after(1))).toEqual([]);
  });

  test('that is due is completed, and no further one begun', () => {
    expect(planRotation([active, next], 'RS256', after(600))).toEqual([
      { step: 'retire', kid: 'a' },
      { step: 'activate', kid: 'n' },
    ]);
  });

  test('without any key creates the first', () => {
    expect(planRotation([], 'RS256', start)).toEqual([
      { step: 'create', alg: 'RS256', state: 'active' },
    ]);
  });
});

test('a key is published in every state until a day after it was retired', () => {
  expect([active, next, retired].every((row) => isPublished(row, after(86_399)))).toBe(true);
  expect([active, next].every((row) => isPublished(row, after(1e9)))).toBe(true);
  expect(isPublished(retired, after(86_400))).toBe(false);
});

test('whatever happens when: one key signs, was published in time, and stays published', () => {
  const event = fc.record({ pause: fc.integer({ min: 0, max: 200_000 }), rotate: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let rows: readonly Row[] = [];
      let at = 0;
      let first = true;
      for (const { pause, rotate } of events) {
        at += pause;
        const plan = rotate ? planRotation : planUpkeep;
        const before = rows.find((row) => row.state === 'active');
        rows = perform(rows, plan(rows, 'RS256', after(at)), after(at));
        const signing = rows.filter((row) => row.state === 'active');
        expect(signing).toHaveLength(1);
        expect(rows.filter((row) => row.state === 'next').length).toBeLessThanOrEqual(1);
        expect(plan === planUpkeep ? planUpkeep(rows, 'RS256', after(at)) : []).toEqual([]);
        const [now] = signing;
        if (!first && now !== undefined && now.kid !== before?.kid) {
          expect(at * 1000 - (now.createdAt.getTime() - start.getTime())).toBeGreaterThanOrEqual(
            600_000,
          );
          expect(rows.find((row) => row.kid === before?.kid)?.state).toBe('retired');
        }
        first = false;
      }
    }),
  );
});
