import { generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { members, vendorByHand } from '../support/by-hand.ts';
import { jsonIn, withBody } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * An upstream that signs its userinfo (OpenID Connect Core 5.3.2) is believed only
 * as far as the signature goes: whoever sits between proxy and upstream, or holds
 * a JWT that the upstream signed for something else, gets no claim past it.
 */

let world: World;
let strange: CryptoKey;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme', client: { release_claims: ['name'] } }]);
  strange = (await generateKeyPair('RS256')).privateKey;
});
afterEach(() => world.upstream.faults.clear());
afterAll(() => world.close());

type Made = (claims: Readonly<Record<string, unknown>>) => Promise<string>;

describe('userinfo that the upstream signed', () => {
  it.each<[string, Made]>([
    ['issuer and audience', (claims) => signed({ ...claims, ...usual() })],
    ['several audiences', (claims) => signed({ ...claims, ...usual(), aud: ['x', 'legacy-acme'] })],
    ['neither issuer nor audience', (claims) => signed(claims)],
  ])('is read with %s', async (_name, make) => {
    const { status, body } = await asked(make);
    expect(status).toBe(200);
    expect(body['name']).toEqual(expect.any(String));
    expect(body['sub']).toMatch(/^[a-z2-7]{52}$/);
  });

  it('is read after the upstream changed its keys', async () => {
    const token = await logIn();
    await world.upstream.rotateKeys();
    expect((await asked((claims) => signed({ ...claims, ...usual() }), token)).status).toBe(200);
  });

  it.each<[string, Made]>([
    ['another issuer', (claims) => signed({ ...claims, ...usual(), iss: 'https://other.example' })],
    ['another audience', (claims) => signed({ ...claims, ...usual(), aud: 'legacy-bolt' })],
    ['an end that has passed', (claims) => signed({ ...claims, ...usual(), exp: 1000 })],
    ['another user', (claims) => signed({ ...claims, ...usual(), sub: 'bob' })],
    ['no user', (claims) => signed({ ...claims, ...usual(), sub: undefined })],
    ['a key of somebody else', (claims) => signedBy(strange, { ...claims, ...usual() })],
    ['no signature', async (claims) => unsigned({ ...claims, ...usual() })],
    ['a signature of another text', async (claims) => changed(await signed(claims), claims)],
    ['nothing that is a JWT', async () => 'not a token'],
  ])('is refused with %s', async (_name, make) => {
    const { status, body } = await asked(make);
    expect(status).toBe(502);
    expect(body).toEqual({ error: 'server_error', error_description: expect.any(String) });
  });
});

function usual() {
  return { iss: world.upstream.issuer, aud: 'legacy-acme' };
}

async function logIn(): Promise<string> {
  return (await vendorByHand(world, 'acme').logIn(new Browser())).accessToken;
}

async function asked(make: Made, token?: string) {
  const accessToken = token ?? (await logIn());
  world.upstream.faults.arm(
    'userinfo',
    altered(async (answer) => withBody(answer, await make(jsonIn(answer)), 'application/jwt')),
  );
  const answer = await vendorByHand(world, 'acme').userinfo(accessToken);
  return { status: answer.status, body: members(answer) };
}

function signed(claims: Readonly<Record<string, unknown>>): Promise<string> {
  const key = world.upstream.signingKey();
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid })
    .sign({ ...key, alg: 'RS256' });
}

function signedBy(key: CryptoKey, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const { kid } = world.upstream.signingKey();
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function unsigned(claims: object): string {
  return `${encoded({ alg: 'none' })}.${encoded(claims)}.`;
}

function changed(jwt: string, claims: object): string {
  const [header, , signature] = jwt.split('.');
  return [header, encoded({ ...claims, name: 'Mallory' }), signature].join('.');
}
