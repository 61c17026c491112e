import { SignJWT, decodeJwt, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import type { Changes } from '../support/by-hand.ts';
import { members, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * The attack: hints as a question. A vendor that may ask "is the user in front
 * of this browser the one called X?" learns who its users are elsewhere, one
 * guess at a time: X a local subject, another vendor's pseudonym, an e-mail
 * address. So what the client was never given names nobody: the answer is that
 * of nonsense, whoever logs in, and nothing of it reaches the upstream. And a
 * login_hint that is nobody's subject changes nothing at all.
 */

let world: World;
let foreign: { sub: string; idToken: string };
let own: string;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme', client: { login_hint: 'forward' } },
    { id: 'bolt' },
    { id: 'passing', authentication: 'forwarded' },
    { id: 'once', client: { phase: 'public' } },
  ]);
  const { idToken } = await vendorByHand(world, 'bolt').logIn(new Browser(), 'alice');
  foreign = { idToken, sub: decodeJwt(idToken).sub ?? '' };
  own = (await vendorByHand(world, 'acme').logIn(new Browser(), 'alice')).idToken;
  await rolloutSet(world.proxy.rollout, {
    ...{ clientId: 'once-web', phase: 'pairwise', actor: 'test' },
  });
  await world.proxy.application.registry.refresh();
});
afterAll(() => world.close());

const SUBJECTS = [
  'the local subject',
  'a foreign pseudonym',
  'an address',
  'nonsense',
  'an integer',
];

function subject(kind: string): unknown {
  return {
    'the local subject': 'alice',
    'a foreign pseudonym': foreign.sub,
    'an address': 'alice@legacy.example',
    nonsense: 'x'.repeat(600),
    'an integer': 4711,
  }[kind];
}

describe.each(['acme', 'passing', 'once'])('for %s', (id) => {
  it.each(SUBJECTS)('%s in claims is nobody, whoever logs in', async (kind) => {
    const expected = await nobody(id);
    for (const sub of [{ value: subject(kind) }, { values: [subject(kind)] }]) {
      for (const part of ['id_token', 'userinfo']) {
        expect(await answers(id, { claims: JSON.stringify({ [part]: { sub } }) })).toEqual(
          expected,
        );
      }
    }
  });

  it('an ID token of another client, a forged or altered one, or none at all is nobody', async () => {
    const expected = await nobody(id);
    for (const hint of await badTokens(id)) {
      expect(await answers(id, { id_token_hint: hint })).toEqual(expected);
    }
  });

  it('a good hint beside a bad one is nobody', async () => {
    const { idToken } = await vendorByHand(world, id).logIn(new Browser(), 'alice');
    const claims = JSON.stringify({ id_token: { sub: { value: foreign.sub } } });
    expect(await answers(id, { id_token_hint: idToken, claims })).toEqual(await nobody(id));
  });

  it.each(SUBJECTS.slice(0, 3))('%s as login_hint keeps nobody out', async (kind) => {
    for (const username of ['alice', 'bob']) {
      expect(await answer(id, username, { login_hint: String(subject(kind)) })).toEqual(['code']);
    }
  });
});

it('a client that once was public cannot find out who a user is whom it met later', async () => {
  const claims = JSON.stringify({ id_token: { sub: { value: 'bob' } } });
  await vendorByHand(world, 'once').logIn(new Browser(), 'bob');
  expect(await answer('once', 'bob', { claims })).toEqual(['login_required']);
  expect(await answer('once', 'alice', { login_hint: 'bob' })).toEqual(['code']);
});

it('nothing of a subject hint reaches the upstream or its addresses', async () => {
  const before = world.upstream.requests.length;
  await answers('acme', { id_token_hint: foreign.idToken });
  await answers('acme', { claims: JSON.stringify({ id_token: { sub: { value: foreign.sub } } }) });
  const seen = world.upstream.requests.slice(before).map(({ url, body }) => url.href + body);
  expect(seen.join('\n')).not.toContain(foreign.sub);
  expect(seen.join('\n')).not.toMatch(/[?&](claims|id_token_hint|login_hint)=/);
});

it('a hinted login of another browser is told nothing but what the vendor’s own would be', async () => {
  const { url } = vendorByHand(world, 'acme').request({ id_token_hint: own, prompt: 'none' });
  const begun = await new Browser().open(url);
  const other = new Browser();
  await vendorByHand(world, 'bolt').logIn(other, 'alice');
  const { callback } = await other.walk(begun.location ?? '');
  expect(callback?.searchParams.get('error')).toBe('login_required');
});

it('a request that names very many subjects is refused before any is looked for', async () => {
  const values = Array.from({ length: 21 }, (_, at) => `subject ${at}`);
  const { url } = vendorByHand(world, 'acme').request({
    claims: JSON.stringify({ id_token: { sub: { values } } }),
  });
  const { callback } = await new Browser().walk(url);
  expect(callback?.searchParams.get('error')).toBe('invalid_request');
});

it.each(['{', '[]', '"sub"', 'null'])('claims of %s are refused', async (claims) => {
  const { url } = vendorByHand(world, 'acme').request({ claims });
  const { callback } = await new Browser().walk(url);
  expect(callback?.searchParams.get('error')).toBe('invalid_request');
});

/** What a hint at nobody comes to: the members of the answers for two users. */
function nobody(id: string): Promise<readonly (readonly string[])[]> {
  return answers(id, { id_token_hint: 'not a token' });
}

async function answers(id: string, changes: Changes): Promise<readonly (readonly string[])[]> {
  return [await answer(id, 'alice', changes), await answer(id, 'bob', changes)];
}

/** `code`, or every value but state and iss of the refusal, early or late. */
async function answer(id: string, username: string, changes: Changes): Promise<readonly string[]> {
  const vendor = vendorByHand(world, id);
  const { url, verifier } = vendor.request(changes);
  const { searchParams } = await new Browser().login(url, { username });
  const code = searchParams.get('code');
  if (code !== null) {
    const redeemed = await vendor.redeem({ code, verifier });
    return redeemed.status === 200 ? ['code'] : Object.values(members(redeemed)).map(String);
  }
  return [...searchParams].flatMap(([name, value]) =>
    name === 'state' || name === 'iss' ? [] : [value],
  );
}

async function badTokens(id: string): Promise<readonly string[]> {
  const { idToken } = await vendorByHand(world, id).logIn(new Browser(), 'alice');
  const [header = '', payload = '', signature = ''] = idToken.split('.');
  const { privateKey } = await generateKeyPair('RS256');
  const forged = await new SignJWT(decodeJwt(idToken))
    .setProtectedHeader(JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string })
    .sign(privateKey);
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  const otherClaims = { ...decodeJwt(idToken), sub: foreign.sub };
  const swapped = Buffer.from(JSON.stringify(otherClaims)).toString('base64url');
  return [
    foreign.idToken,
    forged,
    `${unsigned}.${payload}.`,
    `${header}.${swapped}.${signature}`,
    `${header}.${payload}`,
    '...',
    'x'.repeat(5000),
  ];
}
