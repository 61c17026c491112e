import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EXITS_OF } from '../../../src/protocol/endpoint-exits.ts';
import { EXITS } from '../../../src/protocol/exits.ts';
import type { ExitName } from '../../../src/protocol/exits.ts';
import { claimsOf, emailOf, objectIdOf } from '../../../demo/legacy-idp/users.ts';
import { Browser } from '../../support/browser.ts';
import { valuesIn } from '../../support/decode.ts';
import { commonValues, findings } from '../../support/recorder.ts';
import type { World } from '../../support/world.ts';
import { createWorld, upstreamSecret } from '../../support/world.ts';
import { isPublic, strangersRecord } from '../public-values.ts';
import { letUpstreamTalk } from '../scenario.ts';
import { pairwise, product } from './combinations.ts';
import { DIMENSIONS, RESPONSE_TYPES, isPossible } from './dimensions.ts';
import type { Row } from './dimensions.ts';
import { strangersErrors, visit } from './visit.ts';

/*
 * Two vendors put together all that they received of one user, for every habit
 * of legacy providers, both front channels, every response type and mode: each
 * value at least once and every pair of values; with LEAKS=product the product.
 */

const FULL = process.env['LEAKS'] === 'product';
const rows: readonly Row[] = (FULL ? product : pairwise)(DIMENSIONS, isPossible);

/** The exits that each visit passes. */
const VISITED: readonly (keyof typeof EXITS_OF)[] = ['authorize', 'callback', 'token', 'userinfo'];
const exits = new Set<ExitName>(VISITED.flatMap((endpoint) => EXITS_OF[endpoint]));

const counted = { combinations: 0, bytes: 0 };
afterAll(() => {
  console.log(
    `leaks: ${exits.size} of ${Object.keys(EXITS).length} exits, ` +
      `${DIMENSIONS.profile.length} profiles, ${DIMENSIONS.frontChannel.length} front channels, ` +
      `${counted.combinations} combinations (${FULL ? 'the product' : 'all pairs'}), ` +
      `${counted.bytes} bytes recorded`,
  );
});

const worlds = DIMENSIONS.profile.flatMap((profile) =>
  DIMENSIONS.frontChannel.map((frontChannel) => ({
    profile,
    frontChannel,
    rows: rows.filter((row) => row.profile === profile && row.frontChannel === frontChannel),
  })),
);

describe.each(worlds)('$profile through $frontChannel', ({ profile, frontChannel, rows: own }) => {
  let world: World;
  let username: string;
  let stranger: ReadonlySet<string>;
  let offset = 0;
  const secrets = new Set<string>();

  beforeAll(async () => {
    const client = { response_types: RESPONSE_TYPES };
    world = await createWorld(
      [
        { id: 'acme', client: { ...client, release_claims: ['name'] } },
        { id: 'bolt', client },
        { id: 'crew', client },
      ],
      {
        upstream: { profiles: [profile] },
        environment: { FRONT_CHANNEL: frontChannel },
        clock: () => new Date(Date.now() + offset * 1000),
      },
    );
    const [alice] = world.upstream.users;
    if (alice === undefined) throw new Error('there is no user');
    username = alice.username;
    for (const secret of [
      ...[username, emailOf(alice), objectIdOf(alice), String(claimsOf(alice)['picture'])],
      ...[world.upstream.issuer, new URL(world.upstream.issuer).host],
      ...['acme', 'bolt'].flatMap((id) => [upstreamSecret(id), `legacy-${id}`]),
    ]) {
      secrets.add(secret);
    }
    letUpstreamTalk(world, secrets, username);
    const errors = await strangersErrors(world, 'crew');
    stranger = new Set([
      ...(await strangersRecord(world.proxy.issuer)),
      ...errors.received.flatMap(({ text }) => [...valuesIn(text)]),
    ]);
  });
  afterAll(() => world.close());

  it.each(own)('$responseType in mode $responseMode', async (row) => {
    const browser = new Browser();
    const acme = await visit(world, 'acme', browser, username, row);
    // Two equal instants are no accident then.
    offset += 7;
    const bolt = await visit(world, 'bolt', browser, username, row);
    offset += 7;
    counted.combinations += 1;
    for (const { record, subjects } of [acme, bolt]) {
      counted.bytes += record.received.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      expect(findings(record, [...secrets])).toEqual([]);
      expect(new Set(subjects).size).toBe(row.responseType === 'none' ? 0 : 1);
    }
    const common = commonValues(acme.record, bolt.record);
    expect(common.filter((value) => !isPublic(value, stranger))).toEqual([]);
    await browser.close();
  });
});
