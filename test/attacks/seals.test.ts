/*
 * Codes, tokens and our state towards the upstream are sealed, and all of them
 * pass through hands that are not ours. An attacker changes a bit, cuts, glues two
 * seals together, presents one in the place of another, presents another client's,
 * or keeps one beyond its time (RFC 9700 4.5; RFC 8725 for what a JWE may be).
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import type { Expected } from '../support/refused.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const INVALID_GRANT = { status: 400, error: 'invalid_grant' } as const;
const INVALID_TOKEN = { status: 401, error: 'invalid_token' } as const;

let world: World;
let acme: VendorByHand;
let bolt: VendorByHand;
let ahead = 0;
beforeAll(async () => {
  const clock = (): Date => new Date(Date.now() + ahead * 1000);
  world = await createWorld(undefined, { clock });
  acme = vendorByHand(world, 'acme');
  bolt = vendorByHand(world, 'bolt');
});
afterAll(() => world.close());

/** A seal of each kind, fresh and good. */
async function seals(): Promise<Record<Place, string>> {
  const browser = new Browser();
  const page = await browser.open(acme.request().url);
  const { refreshToken, accessToken } = await acme.logIn(browser);
  const { code } = await acme.begin(browser);
  const state = page.location?.searchParams.get('state') ?? '';
  return { code, refreshToken, accessToken, state };
}

type Place = 'code' | 'refreshToken' | 'accessToken' | 'state';

/** Presents a text where a seal of that kind belongs. */
function present(place: Place, text: string): Promise<Answer> {
  switch (place) {
    case 'code':
      return acme.redeem({ code: text, verifier: 'v'.repeat(43) });
    case 'refreshToken':
      return acme.refresh(text);
    case 'accessToken':
      return acme.userinfo(text);
    case 'state':
      return presentState(text);
  }
}

/** Our own request to the upstream, with another state. */
async function presentState(text: string): Promise<Answer> {
  const { headers } = await ask(acme.request().url);
  const relayed = new URL(headers.get('location') ?? '');
  relayed.searchParams.set('state', text);
  return ask(relayed);
}

const REFUSED: Readonly<Record<Place, Expected>> = {
  code: { ...INVALID_GRANT, reason: 'code_invalid' },
  refreshToken: { ...INVALID_GRANT, reason: 'refresh_invalid' },
  accessToken: { ...INVALID_TOKEN, reason: 'token_invalid' },
  state: { status: 400, error: 'invalid_request', reason: 'relay_refused' },
};
const PLACES = Object.keys(REFUSED) as Place[];

describe.each(PLACES)('a seal in the place of a %s', (place) => {
  const refuse = async (text: string): Promise<void> => {
    const asked = world.upstream.requests.length;
    const secrets = text.length < 20 ? [] : [text];
    await expectRefused(world, REFUSED[place], () => present(place, text), secrets);
    expect(world.upstream.requests.length, 'the upstream is not asked').toBe(asked);
  };

  it('is refused when it is a seal of another purpose', async () => {
    const good = await seals();
    for (const other of PLACES.filter((one) => one !== place)) await refuse(good[other]);
  });

  it('is refused with one character changed, in any segment', async () => {
    const good = (await seals())[place];
    const segments = good.split('.');
    const starts = segments.map((_segment, n) => segments.slice(0, n).join('.').length + (n && 1));
    const positions = [
      ...segments.flatMap((segment, n) =>
        segment === '' ? [] : [starts[n] ?? 0, (starts[n] ?? 0) + segment.length - 1],
      ),
    ];
    const character = fc.constantFrom(...'ABCxyz019-_');
    const position = fc.oneof(fc.constantFrom(...positions), fc.nat({ max: good.length - 1 }));
    await fc.assert(
      fc.asyncProperty(position, character, async (at, replacement) => {
        fc.pre(good[at] !== replacement);
        await refuse(`${good.slice(0, at)}${replacement}${good.slice(at + 1)}`);
      }),
      { numRuns: 40 },
    );
  });

  it('is refused cut short, made longer, or with parts of another one', async () => {
    const good = (await seals())[place];
    const other = (await seals())[place];
    const mixed = good
      .split('.')
      .map((segment, n) => (n === 3 ? (other.split('.')[3] ?? '') : segment))
      .join('.');
    const cut = fc.sample(fc.nat({ max: good.length - 2 }), 10);
    const texts = [
      ...cut.map((length) => good.slice(0, length + 1)),
      good.slice(0, good.lastIndexOf('.')),
      `${good}A`,
      `${good}=`,
      `${good}.`,
      `A${good}`,
      `${good}${other}`,
      good.toUpperCase(),
      good.split('.').toReversed().join('.'),
      mixed,
    ];
    for (const text of texts.filter((one) => one !== good)) await refuse(text);
  });

  it('is refused when it is a JWE or JWT that an attacker made', async () => {
    const header = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const good = (await seals())[place];
    const [, , iv = '', ciphertext = '', tag = ''] = good.split('.');
    for (const made of [
      `${header({ alg: 'none' })}.${header({ sub: 'bob' })}.`,
      `${header({ alg: 'dir', enc: 'A256GCM' })}..${iv}.${ciphertext}.${tag}`,
      `${header({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}..${iv}.${ciphertext}.${tag}`,
      `${header({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 })}.${iv}.${iv}.${iv}.${tag}`,
      '....',
      '.'.repeat(2000),
    ]) {
      await refuse(made);
    }
  });
});

describe("another client's seal", () => {
  it('is refused as a code and as a refresh token', async () => {
    const browser = new Browser();
    const begun = await acme.begin(browser);
    const redirect_uri = acme.redirectUri;
    await expectRefused(
      world,
      { ...INVALID_GRANT, reason: 'code_of_another_client' },
      () => bolt.redeem(begun, { redirect_uri }),
      [begun.code],
    );
    const { refreshToken } = await acme.logIn(browser);
    await expectRefused(
      world,
      { ...INVALID_GRANT, reason: 'refresh_of_another_client' },
      () => bolt.refresh(refreshToken),
      [refreshToken],
    );
    expect((await acme.refresh(refreshToken)).status, 'its own client goes on').toBe(200);
  });
});

describe('a seal whose time is over', () => {
  afterEach(async () => {
    ahead = 0;
    await world.proxy.application.registry.refresh();
  });
  const later = async (seconds: number): Promise<void> => {
    ahead = seconds;
    await world.proxy.application.registry.refresh();
  };

  it('is refused as a code after five minutes', async () => {
    const begun = await acme.begin(new Browser());
    await later(301);
    const expected = { ...INVALID_GRANT, reason: 'code_expired' } as const;
    await expectRefused(world, expected, () => acme.redeem(begun), [begun.code]);
  });

  it('is refused as an access token after the lifetime that was told', async () => {
    const { accessToken } = await acme.logIn(new Browser());
    await later(3601);
    const expected = { ...INVALID_TOKEN, reason: 'token_expired' } as const;
    await expectRefused(world, expected, () => acme.userinfo(accessToken), [accessToken]);
  });

  it('is refused as a refresh token after a year', async () => {
    const { refreshToken } = await acme.logIn(new Browser());
    await later(366 * 86_400);
    const expected = { ...INVALID_GRANT, reason: 'refresh_expired' } as const;
    await expectRefused(world, expected, () => acme.refresh(refreshToken), [refreshToken]);
  });

  it('is refused as a state after an hour', async () => {
    const { state } = await seals();
    await later(3601);
    await expectRefused(world, REFUSED.state, () => presentState(state), [state]);
  });

  it('is refused when it was sealed on a day to come', async () => {
    await later(3 * 86_400);
    const { refreshToken } = await acme.logIn(new Browser()).catch(() => ({ refreshToken: '' }));
    expect(refreshToken, 'ID tokens of the upstream are three days old then').toBe('');
  });
});
