import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { ROUTES } from '../../../src/http/routes.ts';
import { EXITS_OF } from '../../../src/protocol/endpoint-exits.ts';
import { EXITS } from '../../../src/protocol/exits.ts';
import type { ExitName } from '../../../src/protocol/exits.ts';
import { NOT_PASSED, STEPS } from '../../leaks/product/steps.ts';
import { TAKE_OUTS } from '../../leaks/take-outs.ts';

const NAMES = Object.keys(EXITS) as ExitName[];

describe('the list of exits', () => {
  it.each(NAMES)('%s has a proof that exists', (exit) => {
    expect(readFileSync(EXITS[exit].proof, 'utf8')).toContain('describe');
  });

  it.each(NAMES)('%s can be taken out of the source as it stands', (exit) => {
    for (const { file, find } of TAKE_OUTS[exit]) {
      expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2);
    }
  });

  it.each(NAMES)('%s is passed by two vendors that collude, or has a reason not to be', (exit) => {
    const isPassed = STEPS.some(({ exits }) => exits.includes(exit));
    expect(isPassed).toBe(!(exit in NOT_PASSED));
  });

  it('covers every endpoint that has a route, and no other', () => {
    const routed = new Set(ROUTES.map(({ endpoint }) => endpoint));
    expect(new Set(Object.keys(EXITS_OF))).toEqual(routed);
  });

  it('assigns every exit to an endpoint, the relay or what operators see', () => {
    const assigned = new Set<string>(Object.values(EXITS_OF).flat());
    const others = NAMES.filter((exit) => !assigned.has(exit));
    expect(
      others.every(
        (exit) => exit.startsWith('relay-') || ['logs', 'metrics', 'traces'].includes(exit),
      ),
    ).toBe(true);
  });
});
