import { expect, it } from 'vitest';

import {
  judgeGates,
  type GateFacts,
  type GateName,
} from '../../../src/operations/rollout-gates.ts';
import { STEPS } from '../../../src/vendors/rollout-plan.ts';

const NOW = new Date('2030-03-01T12:00:00Z');

/** Everything is as it should be before everybody gets a pseudonym. */
const GOOD: GateFacts = {
  now: NOW,
  shadow: { logins: 5000, made: 40, failed: 5 },
  mappedUsers: 1200,
  canBypass: false,
  acceptBypassAt: undefined,
  migration: undefined,
  hasOriginals: true,
  handedOverAt: new Date('2030-02-20T12:00:00Z'),
  continuityEnd: NOW,
};

const gate = (name: GateName, facts: Partial<GateFacts> = {}) => {
  const step = name === 'continuity_over' ? 'done' : 'percent_100';
  const found = judgeGates(step, { ...GOOD, ...facts }).find((each) => each.name === name);
  return found && [found.state, found.message];
};

it('each step has its gates, and only an open bypass refuses, from the pilot on', () => {
  const toPairwise = ['shadow_error_rate', 'users_mapped', '!bypass', 'mapping_handed_over'];
  const named = STEPS.map((step) =>
    judgeGates(step, GOOD).map(({ name, refuses }) => `${refuses ? '!' : ''}${name}`),
  );
  expect(named).toEqual([
    ...[[], ['bypass'], toPairwise, toPairwise, toPairwise, toPairwise],
    ['!bypass', 'mapping_handed_over', 'continuity_over'],
  ]);
  const states = STEPS.flatMap((step) => judgeGates(step, GOOD).map(({ state }) => state));
  expect(new Set(states)).toEqual(new Set(['green']));
});

it.each<[GateName, string, Partial<GateFacts>]>([
  ['shadow_error_rate', 'green', { shadow: { logins: 1000, made: 0, failed: 1 } }],
  ['shadow_error_rate', 'red', { shadow: { logins: 1000, made: 0, failed: 2 } }],
  ['shadow_error_rate', 'red', { shadow: { logins: 0, made: 0, failed: 0 } }],
  ['users_mapped', 'green', { shadow: { logins: 100, made: 10, failed: 0 } }],
  ['users_mapped', 'red', { shadow: { logins: 100, made: 11, failed: 0 } }],
  ['users_mapped', 'red', { mappedUsers: 0 }],
  ['users_mapped', 'green', { mappedUsers: 1, shadow: { logins: 0, made: 0, failed: 0 } }],
  ['bypass', 'red', { canBypass: true }],
  ['bypass', 'green', { canBypass: true, acceptBypassAt: NOW }],
  ['mapping_handed_over', 'red', { handedOverAt: undefined }],
  ['mapping_handed_over', 'red', { handedOverAt: undefined, migration: { mode: 'switch' } }],
  ['mapping_handed_over', 'green', { handedOverAt: undefined, migration: { mode: 'preserve' } }],
  ['mapping_handed_over', 'green', { handedOverAt: undefined, hasOriginals: false }],
  [
    'mapping_handed_over',
    'green',
    { handedOverAt: undefined, migration: { mode: 'dual', claim: 'old', until: '2030-03-02' } },
  ],
  [
    'mapping_handed_over',
    'red',
    { handedOverAt: undefined, migration: { mode: 'dual', claim: 'old', until: '2030-03-01' } },
  ],
  ['continuity_over', 'red', { continuityEnd: undefined }],
  ['continuity_over', 'red', { continuityEnd: new Date(NOW.getTime() + 1) }],
])('%s is %s for %j', (name, state, facts) => {
  expect(gate(name, facts)?.[0]).toBe(state);
});

it('a gate says in figures what was found', () => {
  expect(gate('shadow_error_rate')?.[1]).toBe(
    '5 of 5000 logins in shadow failed in the last 7 days.',
  );
  expect(gate('users_mapped')?.[1]).toBe(
    '1200 users have a pseudonym; 40 of the 5000 logins in shadow were of new ones.',
  );
});
