import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { Browser } from '../support/browser.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import type { Expected } from '../support/refused.ts';
import { expectRefused, expectServing, MARKER } from '../support/refused.ts';
import type { Fault } from '../support/upstream/faults.ts';
import {
  badlyCompressed,
  brokenJson,
  compressed,
  compressionBomb,
  delayed,
  dropped,
  errorNamingTheUser,
  htmlPage,
  mediaType,
  NAMING_DESCRIPTION,
  oversized,
  redirect,
  status,
  trickled,
  truncated,
  withMembers,
} from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const BROKEN = { status: 502, error: 'server_error' } as const;
const AWAY = { status: 503, error: 'temporarily_unavailable', retryAfter: 5 } as const;
const MEBIBYTE = 1024 * 1024;

let world: World;
let acme: VendorByHand;
let browser: Browser;
beforeAll(async () => {
  world = await createWorld();
  acme = vendorByHand(world, 'acme');
  browser = new Browser();
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

type Place = 'code' | 'refresh' | 'userinfo';
interface Attempt {
  readonly attempt: () => Promise<Answer>;
  readonly secrets: readonly string[];
}

/** A request that is good but for what the upstream will say to it. */
async function prepared(place: Place): Promise<Attempt> {
  if (place === 'code') {
    const begun = await acme.begin(browser);
    return { attempt: () => acme.redeem(begun), secrets: [begun.code] };
  }
  const { refreshToken, accessToken } = await acme.logIn(browser);
  return place === 'refresh'
    ? { attempt: () => acme.refresh(refreshToken), secrets: [refreshToken] }
    : { attempt: () => acme.userinfo(accessToken), secrets: [accessToken] };
}

const EVERYWHERE: readonly [string, Fault, Expected][] = [
  ['cut off within its length', truncated(), { ...BROKEN, reason: 'upstream_truncated' }],
  ['JSON that is cut off', brokenJson(), { ...BROKEN, reason: 'upstream_malformed' }],
  ['a page', htmlPage(), { ...BROKEN, reason: 'upstream_media_type' }],
  ['JSON called text', mediaType('text/plain'), { ...BROKEN, reason: 'upstream_media_type' }],
  ['JSON of no type', mediaType(''), { ...BROKEN, reason: 'upstream_media_type' }],
  [
    'JSON-like by name only',
    mediaType('text/json+html'),
    { ...BROKEN, reason: 'upstream_media_type' },
  ],
  ['gzip by name only', badlyCompressed('gzip'), { ...BROKEN, reason: 'upstream_encoding' }],
  ['brotli by name only', badlyCompressed('br'), { ...BROKEN, reason: 'upstream_encoding' }],
  ['deflate by name only', badlyCompressed('deflate'), { ...BROKEN, reason: 'upstream_encoding' }],
  [
    'an unknown encoding',
    badlyCompressed('unheard-of'),
    { ...BROKEN, reason: 'upstream_encoding' },
  ],
  ['over the limit', oversized(MEBIBYTE), { ...BROKEN, reason: 'upstream_too_large' }],
  [
    'a compression bomb',
    compressionBomb(64 * MEBIBYTE),
    { ...BROKEN, reason: 'upstream_too_large' },
  ],
  [
    'a redirect',
    redirect(`https://legacy.example/${MARKER}`),
    { ...BROKEN, reason: 'upstream_redirect' },
  ],
  ['500', status(500, MARKER), { ...BROKEN, reason: 'upstream_status' }],
  ['502', status(502, MARKER), { ...BROKEN, reason: 'upstream_status' }],
  ['404', status(404, MARKER), { ...BROKEN, reason: 'upstream_status' }],
  ['418', status(418, MARKER), { ...BROKEN, reason: 'upstream_status' }],
  ['503', status(503, MARKER), { ...AWAY, reason: 'upstream_unavailable' }],
  ['429', status(429, MARKER), { ...AWAY, reason: 'upstream_unavailable' }],
  ['a dropped connection', dropped(), { ...AWAY, reason: 'upstream_unavailable' }],
];

describe.each<Place>(['code', 'refresh', 'userinfo'])('the upstream answers %s', (place) => {
  it.each(EVERYWHERE)('with %s', async (_what, fault, expected) => {
    const { attempt, secrets } = await prepared(place);
    world.upstream.faults.arm(place === 'userinfo' ? 'userinfo' : 'token', fault);
    await expectRefused(world, expected, attempt, secrets);
  });
});

describe('the upstream answers so slowly that nobody waits', () => {
  it('is given up after the time limit, wherever it is asked, whole or byte by byte', async () => {
    const late = delayed(60_000);
    const slow = trickled(500);
    const expected = { ...AWAY, reason: 'upstream_timeout' } as const;
    const places: Place[] = ['code', 'refresh', 'userinfo'];
    const attempts = [
      ...(await Promise.all(places.map(prepared))),
      ...(await Promise.all(places.map(prepared))),
    ];
    let turn = 0;
    const alternating: Fault = (response, answer, request) => {
      turn += 1;
      return (turn % 2 === 0 ? late : slow)(response, answer, request);
    };
    world.upstream.faults.arm('token', alternating);
    world.upstream.faults.arm('userinfo', alternating);
    await Promise.all(
      attempts.map(({ attempt, secrets }) => expectRefused(world, expected, attempt, secrets)),
    );
    world.upstream.faults.clear();
    await expectServing(world.proxy);
  });
});

describe('the upstream refuses, and names the user in its words', () => {
  const mayBeLogged = [NAMING_DESCRIPTION];
  it.each<[string, number, Expected]>([
    ['invalid_grant', 400, { status: 400, error: 'invalid_grant', reason: 'code_invalid' }],
    ['expired_token', 400, { status: 400, error: 'invalid_grant', reason: 'code_invalid' }],
    ['invalid_client', 401, { ...BROKEN, reason: 'upstream_client' }],
    ['unauthorized_client', 400, { ...BROKEN, reason: 'upstream_client' }],
    ['invalid_request', 400, { ...BROKEN, reason: 'upstream_status' }],
    ['server_error', 400, { ...BROKEN, reason: 'upstream_status' }],
    ['temporarily_unavailable', 400, { ...AWAY, reason: 'upstream_unavailable' }],
  ])('with %s at the token endpoint', async (error, code, expected) => {
    const { attempt, secrets } = await prepared('code');
    world.upstream.faults.arm('token', errorNamingTheUser(error, code), 1);
    await expectRefused(world, { ...expected, mayBeLogged }, attempt, secrets);
  });

  it('with invalid_grant on refresh', async () => {
    const { attempt, secrets } = await prepared('refresh');
    world.upstream.faults.arm('token', errorNamingTheUser('invalid_grant'), 1);
    const expected = { status: 400, error: 'invalid_grant', reason: 'refresh_invalid' } as const;
    await expectRefused(world, { ...expected, mayBeLogged }, attempt, secrets);
  });

  it('at userinfo', async () => {
    const { attempt, secrets } = await prepared('userinfo');
    world.upstream.faults.arm('userinfo', errorNamingTheUser('invalid_token', 401), 1);
    const expected = { status: 401, error: 'invalid_token', reason: 'token_invalid' } as const;
    await expectRefused(world, { ...expected, mayBeLogged }, attempt, secrets);
  });
});

describe('the upstream says what could not be sealed or sent', () => {
  it.each<[string, Record<string, unknown>]>([
    ['no access token', { access_token: undefined }],
    ['an access token with a line break', { access_token: 'a\r\nset-cookie: x=1' }],
    ['an access token that is no text', { access_token: { alice: 1 } }],
    ['an access token over all limits', { access_token: 'a'.repeat(60_000) }],
    ['a refresh token over all limits', { refresh_token: 'a'.repeat(60_000) }],
    ['a token type that is not Bearer', { token_type: 'DPoP' }],
    ['a negative lifetime', { expires_in: -1 }],
    ['a lifetime of words', { expires_in: 'soon' }],
  ])('%s', async (_what, changes) => {
    const { attempt } = await prepared('code');
    world.upstream.faults.arm('token', withMembers(changes), 1);
    const before = world.proxy.log.length;
    const answer = await attempt();
    expect(answer.status, answer.body).toBe(502);
    expect(member(answer, 'error')).toBe('server_error');
    const line = world.proxy.log.slice(before).find((logged) => 'reason' in logged);
    expect(line?.['reason']).toMatch(/^upstream_/);
    await expectServing(world.proxy);
  });

  it('takes a lifetime of an age, and gives out one that a clock can tell', async () => {
    const { attempt } = await prepared('code');
    world.upstream.faults.arm('token', withMembers({ expires_in: 999_999_999_999_999 }), 1);
    const answer = await attempt();
    expect(answer.status, answer.body).toBe(200);
    const access = member(answer, 'access_token');
    expect((await acme.userinfo(access)).status).toBe(200);
  });

  it('takes a compressed answer, an expires_in of text and no token_type', async () => {
    const { attempt } = await prepared('code');
    world.upstream.faults.arm('token', compressed(), 1);
    expect((await attempt()).status).toBe(200);
    const again = await prepared('code');
    const quirks = withMembers({ expires_in: '60', token_type: undefined });
    world.upstream.faults.arm('token', quirks, 1);
    expect((await again.attempt()).status).toBe(200);
  });
});

describe('afterwards', () => {
  it('a login works as if nothing had been', async () => {
    const tokens = await acme.logIn(new Browser(), 'bob');
    expect((await acme.userinfo(tokens.accessToken)).status).toBe(200);
  });
});
