import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Phase, PhaseVersion } from '../../../src/vendors/client.ts';
import {
  continuityDeadline,
  kindOf,
  modeFor,
  newestPhase,
  strictest,
  type Mode,
} from '../../../src/vendors/phase.ts';

const index = (user: string | number): Buffer => createHash('sha256').update(`${user}`).digest();
const named = (user: string | number): string => index(user).toString('base64url');
const DAY = 86_400_000;

const userIndex = fc.uint8Array({ minLength: 32, maxLength: 32 });
const percent = fc.integer({ min: 0, max: 100 });
const modes: readonly Mode[] = ['public', 'shadow', 'pairwise'];

function version(number: number, phase: Phase, rest: Partial<PhaseVersion> = {}): PhaseVersion {
  return {
    version: number,
    phase,
    percent: undefined,
    pilotUsers: [],
    change: number * 10,
    at: new Date(number * DAY),
    ...rest,
  };
}

describe('what a client is served as now', () => {
  it('is the newest version of its phase, and without one nothing is guessed', () => {
    const [first, second] = [version(1, 'public'), version(2, 'pairwise')];
    expect(newestPhase({ clientId: 'acme-web', phases: [first, second] })).toBe(second);
    expect(() => newestPhase({ clientId: 'acme-web', phases: [] })).toThrow('acme-web');
  });
});

describe('the mode of a user', () => {
  it('is the phase itself where nothing narrows it', () => {
    fc.assert(
      fc.property(userIndex, fc.constantFrom(...modes), (user, phase) => {
        expect(modeFor(version(1, phase), user)).toBe(phase);
      }),
    );
  });

  it('keeps everybody who was in when the percentage is raised', () => {
    fc.assert(
      fc.property(userIndex, percent, percent, (user, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        if (modeFor(version(1, 'pairwise', { percent: low }), user) === 'pairwise') {
          expect(modeFor(version(2, 'pairwise', { percent: high }), user)).toBe('pairwise');
        }
      }),
    );
  });

  it('is shadow for all at 0 % and pairwise for all at 100 %', () => {
    fc.assert(
      fc.property(userIndex, (user) => {
        expect(modeFor(version(1, 'pairwise', { percent: 0 }), user)).toBe('shadow');
        expect(modeFor(version(1, 'pairwise', { percent: 100 }), user)).toBe('pairwise');
      }),
    );
  });

  it('gives a percentage its share of the users', () => {
    const users = Array.from({ length: 4000 }, (_, number) => index(number));
    const within = users.filter(
      (user) => modeFor(version(1, 'pairwise', { percent: 25 }), user) === 'pairwise',
    );
    expect(within.length).toBeGreaterThan(850);
    expect(within.length).toBeLessThan(1150);
  });

  it('takes a list of pilot users alone as 0 % and the list', () => {
    const pilot = version(1, 'pairwise', { pilotUsers: [named('ann')] });
    expect(modeFor(pilot, index('ann'))).toBe('pairwise');
    expect(modeFor(pilot, index('bob'))).toBe('shadow');
  });

  it('lets in whom either the percentage or the list names', () => {
    fc.assert(
      fc.property(userIndex, percent, (user, share) => {
        const pilotUsers = [Buffer.from(user).toString('base64url')];
        const both = version(1, 'pairwise', { percent: share, pilotUsers });
        expect(modeFor(both, user)).toBe('pairwise');
      }),
    );
  });

  it('does not let a percentage or a list widen public and shadow', () => {
    const rest = { percent: 100, pilotUsers: [named('ann')] };
    expect(modeFor(version(1, 'public', rest), index('ann'))).toBe('public');
    expect(modeFor(version(1, 'shadow', rest), index('ann'))).toBe('shadow');
  });
});

describe('the stricter of two modes', () => {
  it('puts pairwise before shadow before public, whichever comes first', () => {
    for (const [position, a] of modes.entries()) {
      for (const b of modes.slice(position)) {
        expect(strictest(a, b)).toBe(b);
        expect(strictest(b, a)).toBe(b);
      }
    }
  });
});

describe('the continuity of a sealed subject', () => {
  const client = (...phases: PhaseVersion[]) => ({ phases, continuityDays: 30 });
  const ann = index('ann');

  it('has no end while nothing changed for the user', () => {
    const phases = client(version(1, 'public'), version(2, 'shadow'));
    expect(continuityDeadline(phases, ann, { change: 15, kind: 'public' })).toBeUndefined();
  });

  it('ends the given number of days after the change', () => {
    const phases = client(version(1, 'public'), version(2, 'pairwise'));
    expect(continuityDeadline(phases, ann, { change: 15, kind: 'public' })).toEqual(
      new Date(32 * DAY),
    );
  });

  it('counts from the first of several versions that differ', () => {
    const phases = client(
      version(1, 'public'),
      version(2, 'pairwise', { pilotUsers: [named('ann')] }),
      version(3, 'pairwise', { percent: 100 }),
      version(4, 'pairwise'),
    );
    expect(continuityDeadline(phases, ann, { change: 10, kind: 'public' })).toEqual(
      new Date(32 * DAY),
    );
    expect(continuityDeadline(phases, index('bob'), { change: 10, kind: 'public' })).toEqual(
      new Date(33 * DAY),
    );
  });

  it('is restored by a rollback and begins anew with the next change', () => {
    const before = [version(1, 'public'), version(2, 'pairwise'), version(3, 'public')];
    const sealed = { change: 15, kind: 'public' } as const;
    expect(continuityDeadline(client(...before), ann, sealed)).toBeUndefined();
    expect(continuityDeadline(client(...before, version(4, 'pairwise')), ann, sealed)).toEqual(
      new Date(34 * DAY),
    );
  });

  it('ends for a pseudonym too when the client goes back to public', () => {
    const phases = client(version(1, 'pairwise'), version(2, 'public'));
    expect(continuityDeadline(phases, ann, { change: 19, kind: 'pairwise' })).toEqual(
      new Date(32 * DAY),
    );
  });

  it('still ends where the sealed kind was never the one in force', () => {
    const phases = client(version(1, 'public'), version(2, 'pairwise'), version(3, 'pairwise'));
    expect(continuityDeadline(phases, ann, { change: 35, kind: 'public' })).toEqual(
      new Date(33 * DAY),
    );
  });

  it('has an end exactly where the kind served today is not the sealed one', () => {
    const phase = fc.record({
      phase: fc.constantFrom(...modes),
      percent: fc.option(percent, { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(phase, { minLength: 1, maxLength: 8 }),
        userIndex,
        fc.nat({ max: 100 }),
        fc.constantFrom('public' as const, 'pairwise' as const),
        (history, user, change, kind) => {
          const phases = history.map((entry, at) => version(at + 1, entry.phase, entry));
          const current = kindOf(modeFor(phases.at(-1)!, user));
          const deadline = continuityDeadline(client(...phases), user, { change, kind });
          expect(deadline === undefined).toBe(current === kind);
        },
      ),
    );
  });
});
