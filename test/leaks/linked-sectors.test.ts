/*
 * Linking the sectors of two vendors is the one way to let them know a user by the same
 * subject, and an operator names both for it. The two share that subject then and nothing
 * else; a third vendor, met while they are linked, has nothing in common with either.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { linkSectors } from '../../src/operations/link-sectors.ts';
import { unlinkSectors } from '../../src/operations/unlink-sectors.ts';
import { Browser } from '../support/browser.ts';
import { operationContext, poll } from '../support/events.ts';
import { commonValues, findings } from '../support/recorder.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import { letUpstreamTalk, logIn } from './scenario.ts';

const VENDORS = ['acme', 'bolt', 'corp'] as const;
const BY = { actor: 'test' } as const;
const GENTLY = { graceDays: 90, endSessions: false } as const;

let world: World;
let offset = 0;
const secrets = new Set([ALICE.username, emailOf(ALICE), objectIdOf(ALICE)]);
/** The subjects that each vendor was given, in the order of the visits. */
const given = new Map<string, string[]>(VENDORS.map((id) => [id, []]));

beforeAll(async () => {
  const clock = () => new Date(Date.now() + offset * 1000);
  const events = { delivery: 'poll' };
  world = await createWorld(
    VENDORS.map((id) => ({ id, client: { sector: id, events } })),
    { clock },
  );
  letUpstreamTalk(world, secrets);
  const context = operationContext(world.proxy, clock);
  await visit(['acme', 'bolt']);
  const pair = { sector: 'bolt', into: 'acme', vendors: ['acme', 'bolt'] } as const;
  await linkSectors(context, { ...pair, ...GENTLY, keep: 'into' }, BY);
  await visit(VENDORS);
  await unlinkSectors(context, { sector: 'bolt', keep: false, ...GENTLY }, BY);
  await visit(VENDORS);
});
afterAll(() => world.close());

/** One SSO session in which the user visits vendors, each at a time of its own. */
async function visit(vendors: readonly string[]): Promise<void> {
  const browser = new Browser();
  for (const id of vendors) {
    offset += 7;
    const { party, tokens } = await logIn(world, id, browser);
    await party.userinfo(tokens);
    await party.userinfo(await party.refresh(tokens));
    given.get(id)?.push(String(tokens.claims['sub']));
    const { body } = await poll(world.proxy.issuer, id);
    for (const set of Object.values(body.sets ?? {})) world.vendor(id).record.add('event', set);
  }
}

async function inCommon(one: string, other: string): Promise<readonly string[]> {
  const stranger = await strangersRecord(world.proxy.issuer);
  const common = commonValues(world.vendor(one).record, world.vendor(other).record);
  return common.filter((value) => !isPublic(value, stranger));
}

describe('vendors whose sectors were linked for a while', () => {
  it.each(['acme', 'bolt'])('%s has nothing in common with a third one', async (id) => {
    expect(await inCommon(id, 'corp')).toEqual([]);
  });

  it('have the shared subject in common, and nothing else', async () => {
    const [acme = [], bolt = []] = [given.get('acme'), given.get('bolt')];
    const [before, during, after] = [0, 1, 2].map((visit) => acme[visit] === bolt[visit]);
    expect([before, during, after]).toEqual([false, true, false]);
    expect(await inCommon('acme', 'bolt')).toEqual([acme[1]]);
  });

  it.each(VENDORS)('%s finds no identifier of the user', (id) => {
    expect(findings(world.vendor(id).record, [...secrets])).toEqual([]);
  });
});
