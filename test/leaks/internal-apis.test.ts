import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import type { Answer } from '../support/by-hand.ts';
import { ask, member, vendorByHand } from '../support/by-hand.ts';
import type { InternalApi } from '../support/internal-api.ts';
import { TELLTALE_HEADERS, json, startInternalApi } from '../support/internal-api.ts';
import { commonValues, findings } from '../support/recorder.ts';
import { sendRaw } from '../support/raw-http.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import { letUpstreamTalk } from './scenario.ts';

/*
 * Two vendors use an internal API that tells all it knows in its headers, its
 * redirects and its refusals, and put together what they received. What stands in
 * the body of an answer is the API's own word and the operator's to judge; here it
 * speaks of orders alone.
 */

const VENDORS = ['acme', 'bolt'] as const;
const OUTSIDE = '/accounts/alice';

let api: InternalApi;
let world: World;
/** Passed for the proxy, so that two equal instants are no accident. */
let seconds = 0;
let stranger: ReadonlySet<string>;
const secrets = new Set<string>(Object.values(TELLTALE_HEADERS).filter((text) => text !== '*'));
const troubles: string[] = [];
const tokens = new Map<string, string>();

beforeAll(async () => {
  api = await startInternalApi();
  const resources = (id: string) => [`https://api.${id}.example`];
  world = await createWorld(
    [
      ...VENDORS.map((id) => ({ id, client: { internal_apis: ['orders'] } })),
      { id: 'unlisted' },
      {
        id: 'reader',
        client: {
          ...{ access_token_format: 'jwt', resources: resources('reader') },
          internal_apis: ['orders'],
        },
      },
    ],
    {
      clock: () => new Date(Date.now() + seconds * 1000),
      environment: { INTERNAL_APIS: `orders=${api.address}` },
    },
  );
  api.trust(world.upstream.issuer);
  for (const text of [ALICE.username, emailOf(ALICE), objectIdOf(ALICE)]) secrets.add(text);
  for (const text of [world.upstream.issuer, new URL(world.upstream.issuer).host, api.address]) {
    secrets.add(text);
  }
  for (const id of VENDORS)
    for (const text of [upstreamSecret(id), `legacy-${id}`]) secrets.add(text);
  letUpstreamTalk(world, secrets);
  let order = 0;
  api.answers.set('/v1/orders', (request, response) => {
    order += 1;
    json({ order })(request, response);
  });
  api.answers.set('/v1/moved', (_request, response) => {
    response.writeHead(302, { ...TELLTALE_HEADERS, location: OUTSIDE }).end();
  });
  api.answers.set(OUTSIDE, json({ account: 'outside' }));
  api.answers.set('/v1/mirror', (request, response) => {
    json({ you: request.headers.authorization })(request, response);
  });
  stranger = await strangersRecord(world.proxy.issuer);
  const browser = new Browser();
  for (const id of [...VENDORS, 'unlisted', 'reader']) {
    const party = vendorByHand(world, id);
    const answer = await party.redeem(await party.begin(browser));
    tokens.set(id, member(answer, 'access_token'));
  }
  for (const id of VENDORS) {
    for (const rest of ['/orders', '/moved', '/mirror', '/nothing']) await noted(id, rest);
  }
});
afterAll(async () => {
  await world.close();
  await api.close();
});

function asked(id: string, rest: string): Promise<Answer> {
  return ask(`${world.proxy.issuer}/oidc/api/orders${rest}`, {
    headers: { authorization: `Bearer ${tokens.get(id)}` },
  });
}

async function noted(id: string, rest: string): Promise<void> {
  seconds += 7;
  const answer = await asked(id, rest);
  if (rest === '/orders' && answer.status !== 200) troubles.push(`${id}: ${answer.body}`);
  const { record } = world.vendor(id);
  record.addHeaders(`answer to ${rest}`, answer.headers);
  record.add(`answer to ${rest}: body`, answer.body);
}

/** How often the API was asked meanwhile. */
async function timesAsked(attempt: () => Promise<unknown>): Promise<number> {
  const before = api.requests.length;
  await attempt();
  return api.requests.length - before;
}

describe('what two vendors receive of an internal API', () => {
  it('every step works', () => {
    expect(troubles).toEqual([]);
  });

  it.each(VENDORS)('%s finds no identifier, no token and no address of the inner side', (id) => {
    expect(findings(world.vendor(id).record, [...secrets])).toEqual([]);
  });

  it('the two have no value of 8 characters or more in common', async () => {
    const refusal = await asked('acme', '/moved');
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    const known = (value: string): boolean =>
      isPublic(value, stranger) || refusal.body.includes(value);
    expect(common.filter((value) => !known(value))).toEqual([]);
  });
});

describe('where the provider’s token does not go', () => {
  it('to an API for a client that no operator named', async () => {
    expect(await timesAsked(() => asked('unlisted', '/orders'))).toBe(0);
    expect((await asked('unlisted', '/orders')).status).toBe(403);
  });

  it('to an API that a JWT does not name', async () => {
    expect(await timesAsked(() => asked('reader', '/orders'))).toBe(0);
    expect((await asked('reader', '/orders')).status).toBe(403);
  });

  it('out of the API, by its path', async () => {
    const port = Number(new URL(world.proxy.issuer).port);
    for (const path of ['/../accounts/alice', '/%2e%2e/accounts/alice', '/..%2faccounts%2falice']) {
      const lines = [
        `GET /oidc/api/orders${path} HTTP/1.1`,
        `Host: localhost:${port}`,
        `Authorization: Bearer ${tokens.get('acme')}`,
        'Connection: close',
      ];
      expect(await timesAsked(() => sendRaw(port, `${lines.join('\r\n')}\r\n\r\n`))).toBe(0);
    }
  });

  it('after a redirect of the API, which is not passed on either', async () => {
    expect(await timesAsked(() => asked('acme', '/moved'))).toBe(1);
    const answer = await asked('acme', '/moved');
    expect([answer.status, answer.headers.get('location')]).toEqual([502, null]);
  });

  it('back to the vendor, where the API repeats it', async () => {
    expect((await asked('acme', '/mirror')).status).toBe(502);
  });
});
