import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { tokenHash } from '../../src/tokens/hashes.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * A client may register JWT access tokens (RFC 9068): readable by its own
 * resources, with the pairwise subject, and still the only form of the
 * upstream's token that leaves.
 */

const API = 'https://api.acme.example';
const FILES = 'https://files.acme.example/';

let world: World;
let seconds = 0;
beforeAll(async () => {
  const jwt = { access_token_format: 'jwt', resources: [API, FILES] };
  world = await createWorld(
    [
      { id: 'acme', client: { ...jwt, release_claims: ['acr'] } },
      { id: 'bolt', client: { ...jwt, id_token_signed_response_alg: 'ES256' } },
      { id: 'plain' },
    ],
    { clock: () => new Date(Date.now() + seconds * 1000) },
  );
});
afterAll(() => world.close());

describe('a JWT access token', () => {
  it('has exactly the members of RFC 9068, the pairwise subject and five minutes', async () => {
    const answer = await redeemed('acme');
    const token = member(answer, 'access_token');
    const { payload, protectedHeader } = await verified(token, API);
    expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'RS256' });
    expect(Object.keys(payload).toSorted()).toEqual(
      'acr aud client_id exp iat iss jti scope sealed sub'.split(' '),
    );
    expect(payload).toMatchObject({
      iss: world.proxy.issuer,
      aud: API,
      client_id: 'acme-web',
      acr: 'urn:legacy:password',
      sub: decodeJwt(member(answer, 'id_token')).sub,
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
    expect(members(answer)['expires_in']).toBe(300);
    expect(payload['scope']).toBe(members(answer)['scope']);
    expect(decodeJwt(member(answer, 'id_token'))['at_hash']).toBe(tokenHash(token, 'RS256'));
  });

  it('tells of the authentication only what the vendor itself learns', async () => {
    const quiet = decodeJwt(member(await redeemed('bolt'), 'access_token'));
    expect(quiet).not.toHaveProperty('acr');
    expect(quiet).not.toHaveProperty('auth_time');
    const asked = await redeemed('bolt', { max_age: '3600' });
    expect(decodeJwt(member(asked, 'access_token'))['auth_time']).toBe(
      decodeJwt(member(asked, 'id_token'))['auth_time'],
    );
    expect(decodeJwt(member(asked, 'access_token'))['auth_time']).toBeTypeOf('number');
  });

  it('is signed as the client registered, and has an id of its own each time', async () => {
    const tokens = await Promise.all([redeemed('bolt'), redeemed('bolt')]);
    const [one, two] = tokens.map((answer) => member(answer, 'access_token'));
    expect(decodeProtectedHeader(String(one)).alg).toBe('ES256');
    expect(decodeJwt(String(one)).jti).not.toBe(decodeJwt(String(two)).jti);
  });

  it('is accepted at userinfo, before and after a refresh', async () => {
    const party = vendorByHand(world, 'acme');
    const first = await redeemed('acme');
    const refreshed = await party.refresh(member(first, 'refresh_token'));
    for (const answer of [first, refreshed]) {
      const userinfo = await party.userinfo(member(answer, 'access_token'));
      expect(userinfo.status).toBe(200);
      expect(members(userinfo)['sub']).toBe(decodeJwt(member(answer, 'access_token')).sub);
    }
  });

  it('names the resource that was asked for, narrowed at the token endpoint', async () => {
    const party = vendorByHand(world, 'acme');
    const one = await redeemed('acme', { resource: FILES });
    expect(decodeJwt(member(one, 'access_token')).aud).toBe(FILES);
    const refresh = { grant_type: 'refresh_token', refresh_token: member(one, 'refresh_token') };
    expect(member(await party.token({ ...refresh, resource: API }), 'error')).toBe(
      'invalid_target',
    );
    const narrowed = await party.redeem(await party.begin(new Browser()), { resource: FILES });
    expect(decodeJwt(member(narrowed, 'access_token')).aud).toBe(FILES);
  });

  it('is refused for a resource that is not one of the client’s', async () => {
    const party = vendorByHand(world, 'acme');
    const { url } = party.request({ resource: 'https://api.bolt.example' });
    const { callback } = await new Browser().walk(url);
    expect(callback?.searchParams.get('error')).toBe('invalid_target');
  });

  it('is not what other clients get', async () => {
    expect(member(await redeemed('plain'), 'access_token').split('.')).toHaveLength(5);
  });
});

/*
 * Whoever holds tokens of ours, or keys of their own, tries what userinfo takes
 * for a JWT access token (RFC 8725: confused types, algorithms and issuers).
 */
describe('userinfo refuses', () => {
  it.each([
    ['an ID token', async () => member(await redeemed('acme'), 'id_token')],
    ['the seal out of a JWT', async () => sealedIn(await jwtOf('acme'))],
    ['the JWT with the seal of another client', async () => spliced()],
    ['a signature that was changed', async () => tampered(await jwtOf('acme'))],
    ['a changed subject', async () => withPayload(await jwtOf('acme'), { sub: 'somebody' })],
    ['a JWT without a signature', async () => unsigned(await jwtOf('acme'))],
    ['HMAC keyed by our public key', async () => confused(await jwtOf('acme'))],
    ['a JWT of a key of the attacker’s own', async () => forged(await jwtOf('acme'))],
  ])('%s', async (_name, make) => {
    const answer = await vendorByHand(world, 'acme').userinfo(await make());
    expect(answer.status).toBe(401);
    expect(members(answer)['error']).toBe('invalid_token');
  });

  it('a JWT whose five minutes are over', async () => {
    const token = await jwtOf('acme');
    const party = vendorByHand(world, 'acme');
    seconds += 301;
    await world.proxy.application.registry.refresh();
    expect((await party.userinfo(token)).status).toBe(401);
  });
});

async function redeemed(id: string, changes: Readonly<Record<string, string>> = {}) {
  const party = vendorByHand(world, id);
  return party.redeem(await party.begin(new Browser(), 'alice', changes));
}

async function jwtOf(id: string): Promise<string> {
  return member(await redeemed(id), 'access_token');
}

function sealedIn(token: string): string {
  return String(decodeJwt(token)['sealed']);
}

async function keys(): Promise<JSONWebKeySet> {
  return (await (await fetch(`${world.proxy.issuer}/oidc/jwks`)).json()) as JSONWebKeySet;
}

async function verified(token: string, audience: string) {
  const { issuer } = world.proxy;
  return jwtVerify(token, createLocalJWKSet(await keys()), { issuer, audience, typ: 'at+jwt' });
}

function tampered(token: string): string {
  const last = token.endsWith('A') ? 'Q' : 'A';
  return `${token.slice(0, -10)}${last}${token.slice(-9)}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function withPayload(token: string, changes: object): string {
  const [header, , signature] = token.split('.');
  return [header, encoded({ ...decodeJwt(token), ...changes }), signature].join('.');
}

function unsigned(token: string): string {
  const header = { ...decodeProtectedHeader(token), alg: 'none' };
  return `${encoded(header)}.${encoded(decodeJwt(token))}.`;
}

async function confused(token: string): Promise<string> {
  const { kid } = decodeProtectedHeader(token);
  const jwk = (await keys()).keys.find((key) => key.kid === kid);
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: String(kid) })
    .sign(Buffer.from(JSON.stringify(jwk)));
}

async function forged(token: string): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(
    {
      ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 },
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ['sign', 'verify'],
  );
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'RS256' })
    .sign(privateKey);
}

/** The seal of bolt's token in the place of acme's: the signature no longer holds. */
async function spliced(): Promise<string> {
  return withPayload(await jwtOf('acme'), { sealed: sealedIn(await jwtOf('bolt')) });
}
