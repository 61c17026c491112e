import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EXITS } from '../../../src/protocol/exits.ts';
import type { ExitName } from '../../../src/protocol/exits.ts';
import { Browser } from '../../support/browser.ts';
import { VendorRecord, commonValues, findings } from '../../support/recorder.ts';
import { isPublic } from '../public-values.ts';
import { pairwise, product } from './combinations.ts';
import { DIMENSIONS, isPossible } from './dimensions.ts';
import type { Row } from './dimensions.ts';
import type { ProductWorld } from './product-world.ts';
import { productWorld } from './product-world.ts';
import { NOT_PASSED, STEPS, stepsThrough } from './steps.ts';
import { strangersValues } from './stranger.ts';
import { VendorsTime } from './vendors-time.ts';
import { visit } from './visit.ts';

/*
 * Two vendors put together all that they received of one user, for every habit
 * of legacy providers and both front channels: once what a vendor can ask for,
 * past every exit, and then every response type and mode: each value at least
 * once and every pair of values (an exit is one too: every exit with every habit
 * and with each front channel it is in); with LEAKS=product the product.
 */

const FULL = process.env['LEAKS'] === 'product';
const rows: readonly Row[] = (FULL ? product : pairwise)(DIMENSIONS, isPossible);
const NAMES = Object.keys(EXITS) as ExitName[];

const worlds = DIMENSIONS.profile.flatMap((profile, place) =>
  DIMENSIONS.frontChannel.map((frontChannel, turn) => ({
    profile,
    frontChannel,
    steps: stepsThrough(frontChannel, FULL || place % 2 === turn),
    rows: rows.filter((row) => row.profile === profile && row.frontChannel === frontChannel),
  })),
);

/** In which worlds each exit was passed. */
const passed = new Map(NAMES.map((exit) => [exit, new Set<string>()]));
const counted = { combinations: 0, bytes: 0 };
afterAll(() => {
  const exits = [...passed.values()].filter(({ size }) => size > 0);
  console.log(
    `leaks: ${exits.length} of ${NAMES.length} exits` +
      ` (${Object.keys(NOT_PASSED).length} with a reason not to be), ` +
      `${DIMENSIONS.profile.length} profiles, ${DIMENSIONS.frontChannel.length} front channels, ` +
      `${counted.combinations} combinations (${FULL ? 'the product' : 'all pairs'}), ` +
      `${counted.bytes} bytes recorded`,
  );
});

describe.each(worlds)('$profile through $frontChannel', (each) => {
  const { profile, frontChannel, steps } = each;
  const time = new VendorsTime();
  let made: ProductWorld;
  let stranger: ReadonlySet<string>;

  beforeAll(async () => {
    made = await productWorld(profile, frontChannel, () => time.now());
    stranger = await strangersValues(made.stranger);
  });
  afterAll(() => made.close());

  /** What nobody may find, and what both have, in two records. */
  function expectNothing(
    acme: VendorRecord,
    bolt: VendorRecord,
    known: ReadonlySet<string> = stranger,
  ): void {
    for (const record of [acme, bolt]) {
      counted.bytes += record.received.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      expect(findings(record, [...made.secrets])).toEqual([]);
    }
    const common = commonValues(acme, bolt);
    expect(common.filter((value) => !isPublic(value, known))).toEqual([]);
  }

  it('all that a vendor can ask for', async () => {
    const { world, acme, bolt, username, secrets, letTalk } = made;
    const browser = new Browser();
    const sides = [
      [acme, bolt],
      [bolt, acme],
    ] as const;
    for (const step of steps) {
      for (const [own, theirs] of sides) {
        time.turnOf(own.id);
        const scene = {
          ...{ world, own, theirs, browser, username, secrets, letTalk },
          now: time.now,
        };
        await step.run(scene).catch((error: unknown) => {
          throw new Error(`${own.id}, ${step.name}: ${String(error)}`, { cause: error });
        });
      }
      for (const exit of step.exits) passed.get(exit)?.add(`${profile} ${frontChannel}`);
    }
    expect(acme.held.authTime).toBeTypeOf('number');
    expect(acme.held.authTime === bolt.held.authTime).toBe(made.offsetsAgree);
    const agreed = made.offsetsAgree ? [String(acme.held.authTime)] : [];
    expectNothing(acme.record, bolt.record, new Set([...stranger, ...agreed]));
    for (const { screen, logouts } of [acme, bolt]) {
      // The upstream client's name is the browser's business on the front channel.
      const needles = [...secrets].filter((secret) => !secret.startsWith('legacy-'));
      expect(findings(screen, frontChannel === 'relay' ? needles : [])).toEqual([]);
      // Also those of the last logouts, of which the upstream told both at one instant.
      const told = new VendorRecord();
      for (const token of logouts.tokens) told.add('logout token', token);
      expect(findings(told, [...secrets])).toEqual([]);
    }
    await browser.close();
  });

  it.each(each.rows)('$responseType in mode $responseMode', async (row) => {
    const browser = new Browser();
    const records = [];
    for (const id of ['acme', 'bolt']) {
      time.turnOf(id);
      const party = made.party(id);
      const subjects = await visit(party, browser, made.username, row);
      expect(new Set(subjects).size).toBe(row.responseType === 'none' ? 0 : 1);
      records.push(party.record);
    }
    const [acme, bolt] = records;
    if (acme === undefined || bolt === undefined) throw new Error('two vendors are needed');
    counted.combinations += 1;
    expectNothing(acme, bolt);
    await browser.close();
  });
});

describe('the list of exits', () => {
  it.each(NAMES)(
    '%s is passed with every habit and front channel, or has a reason not to',
    (exit) => {
      const steps = STEPS.filter(({ exits }) => exits.includes(exit));
      expect(steps.length > 0).toBe(!(exit in NOT_PASSED));
      const possible = DIMENSIONS.frontChannel.filter((frontChannel) =>
        steps.some((step) => (step.frontChannel ?? frontChannel) === frontChannel),
      );
      const pairs = steps.length === 0 ? [] : [...DIMENSIONS.profile, ...possible];
      expect(pairsOf(passed.get(exit))).toEqual(new Set(pairs));
      if (FULL && steps.length > 0) {
        expect(passed.get(exit)?.size).toBe(DIMENSIONS.profile.length * possible.length);
      }
    },
  );
});

function pairsOf(worldNames: ReadonlySet<string> = new Set()): ReadonlySet<string> {
  return new Set([...worldNames].flatMap((name) => name.split(' ')));
}
