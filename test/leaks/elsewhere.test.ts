import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import {
  ACCESS_TOKEN,
  TOKEN_EXCHANGE,
  connectDevice,
  elsewhereWorld,
  partyOf,
} from '../support/elsewhere.ts';
import { commonValues, findings } from '../support/recorder.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { upstreamSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import { letUpstreamTalk } from './scenario.ts';

/*
 * One user logs in at two vendors on devices of theirs. The vendors put together
 * all that their servers received, and must find nothing that names the user,
 * nothing that the legacy provider issued, and nothing to join their records by.
 */

const VENDORS = ['acme', 'bolt'] as const;

let offset = 0;
let world: World;
let stranger: ReadonlySet<string>;
const secrets = new Set<string>();
const troubles: string[] = [];
/** What the vendors remember of the user's first visit. */
const subjects = new Map<string, string>();
const held = new Map<string, string>();

beforeAll(async () => {
  world = await elsewhereWorld(
    [{ id: 'acme', client: { release_claims: ['name'] } }, { id: 'bolt' }],
    {
      clock: () => new Date(Date.now() + offset * 1000),
    },
  );
  const { issuer } = world.upstream;
  for (const value of [ALICE.username, emailOf(ALICE), objectIdOf(ALICE)]) secrets.add(value);
  for (const value of [String(claimsOf(ALICE)['picture']), issuer, new URL(issuer).host]) {
    secrets.add(value);
  }
  for (const id of VENDORS) secrets.add(upstreamSecret(id)).add(`legacy-${id}`);
  letUpstreamTalk(world, secrets);
  for (const endpoint of ['device', 'backchannel'] as const) {
    world.upstream.faults.arm(
      endpoint,
      altered((answer) => {
        const members = jsonIn(answer);
        for (const name of ['device_code', 'user_code', 'auth_req_id']) {
          if (typeof members[name] === 'string') secrets.add(members[name]);
        }
        return withJson(answer, { ...members, interval: 1, username: ALICE.username });
      }),
    );
  }
  for (const [name, visit] of Object.entries(VISITS)) {
    for (const id of VENDORS) {
      offset += 7;
      await visit(id).catch((error: unknown) => troubles.push(`${id} ${name}: ${String(error)}`));
    }
  }
  stranger = await strangersRecord(world.proxy.issuer);
}, 60_000);
afterAll(() => world.close());

const VISITS: Readonly<Record<string, (id: string) => Promise<void>>> = {
  device: async (id) => {
    const party = await partyOf(world, id);
    const device = await client.initiateDeviceAuthorization(party, { scope: 'openid profile' });
    // Its address leads to the provider itself where the rule about it is taken out.
    const ours = `${world.proxy.issuer}/oidc/device?user_code=`;
    const address = device.verification_uri_complete ?? `${ours}${device.user_code}`;
    await connectDevice(address, ALICE.username, new Browser());
    const tokens = await client.pollDeviceAuthorizationGrant(party, device);
    await client.fetchUserInfo(party, tokens.access_token, String(tokens.claims()?.sub));
    await client.refreshTokenGrant(party, String(tokens.refresh_token));
    subjects.set(id, String(tokens.claims()?.sub));
    held.set(id, tokens.access_token);
  },
  ciba: async (id) => {
    const party = await partyOf(world, id);
    const hint = { login_hint: subjects.get(id) ?? '' };
    const parameters = { scope: 'openid profile', ...hint };
    const begun = await client.initiateBackchannelAuthentication(party, parameters);
    await world.upstream.waiting.at(-1)?.decide('yes');
    const tokens = await client.pollBackchannelAuthenticationGrant(party, begun);
    await client.fetchUserInfo(party, tokens.access_token, hint.login_hint);
  },
  exchange: async (id) => {
    const party = await partyOf(world, id);
    const tokens = await client.genericGrantRequest(party, TOKEN_EXCHANGE, {
      subject_token: held.get(id) ?? '',
      subject_token_type: ACCESS_TOKEN,
    });
    await client.fetchUserInfo(party, tokens.access_token, subjects.get(id) ?? '');
  },
};

describe('what two vendors receive while a user logs in elsewhere', () => {
  it('every step works', () => {
    expect(troubles).toEqual([]);
  });

  it.each(VENDORS)('%s finds no identifier of the user, the session or the upstream', (id) => {
    const { record } = world.vendor(id);
    expect(record.received.length).toBeGreaterThan(20);
    expect(findings(record, [...secrets])).toEqual([]);
  });

  it('the two records have no value of 8 characters or more in common', () => {
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    expect(common.filter((value) => !isPublic(value, stranger))).toEqual([]);
  });
});
