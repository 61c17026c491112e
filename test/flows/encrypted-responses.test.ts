import { compactDecrypt, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { CryptoKey, JSONWebKeySet, JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import { listen } from '../support/listen.ts';
import { ENCRYPTION_CASES, newEncryptionKey } from '../support/encryption.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * Authorization responses (JARM 2.2) and introspection answers (RFC 9701 5) that are signed and
 * then encrypted to the client's own key, and all that can be encrypted with keys that the
 * vendor publishes at its `jwks_uri`.
 */

const MODES = ['query.jwt', 'fragment.jwt', 'form_post.jwt', 'jwt'] as const;
const RESPONSE_TYPES = ['code', 'code id_token'];
const SIGNED = 'application/token-introspection+jwt';

const privateKeys = new Map<string, CryptoKey>();
const published: { keys: JWK[]; status: number } = { keys: [], status: 200 };
let publishing: Awaited<ReturnType<typeof listen>>;
let world: World;
beforeAll(async () => {
  publishing = await listen((_request, response) => {
    response.statusCode = published.status;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: published.keys }));
  });
  const vendors = [];
  for (const { id, alg, enc } of ENCRYPTION_CASES) {
    const encryption = {
      ...{ authorization_encrypted_response_alg: alg, introspection_encrypted_response_alg: alg },
      ...(enc && {
        authorization_encrypted_response_enc: enc,
        introspection_encrypted_response_enc: enc,
      }),
    };
    const jwks = { keys: [await newEncryptionKey(privateKeys, id, alg)] };
    vendors.push({ id, client: { jwks, response_types: RESPONSE_TYPES, ...encryption } });
  }
  const everything = {
    ...{ response_types: RESPONSE_TYPES, userinfo_signed_response_alg: 'ES256' },
    id_token_encrypted_response_alg: 'ECDH-ES',
    userinfo_encrypted_response_alg: 'ECDH-ES',
    authorization_encrypted_response_alg: 'ECDH-ES',
    introspection_encrypted_response_alg: 'ECDH-ES',
  };
  published.keys = [
    { ...(await newEncryptionKey(privateKeys, 'signing', 'ECDH-ES')), use: 'sig' },
    await newEncryptionKey(privateKeys, 'publishes', 'ECDH-ES'),
  ];
  const at = (path: string) => `http://127.0.0.1:${publishing.port}/${path}`;
  world = await createWorld([
    ...vendors,
    { id: 'publishes', client: { jwks_uri: at('jwks'), ...everything } },
    { id: 'silent', client: { jwks_uri: at('silent'), ...everything } },
    { id: 'rotates', client: { jwks_uri: at('rotates'), ...everything } },
  ]);
});
afterAll(async () => {
  await world.close();
  await publishing.close();
});

describe.each(ENCRYPTION_CASES)('encrypted with $alg and $enc', ({ id, alg, enc }) => {
  const header = { alg, enc: enc ?? 'A128CBC-HS256', cty: 'JWT', kid: id };

  it.each(MODES)('an authorization response by %s holds what a plain one holds', async (mode) => {
    const jwe = await responseOf(id, { response_mode: mode });
    expect(decodeProtectedHeader(jwe)).toMatchObject(header);
    const { payload } = await verified(await decrypted(id, jwe), `${id}-web`);
    expect(Object.keys(payload).toSorted()).toEqual(['aud', 'code', 'exp', 'iss', 'state']);
    expect(payload['code']).toMatch(/^[\w.-]+$/);
  });

  it('an introspection answer that is asked for as a JWT is encrypted too', async () => {
    const { accessToken } = await vendorByHand(world, id).logIn(new Browser());
    const jwe = await introspected(id, accessToken, SIGNED);
    expect(jwe.headers.get('content-type')).toBe(SIGNED);
    expect(decodeProtectedHeader(jwe.body)).toMatchObject(header);
    const { payload, protectedHeader } = await verified(await decrypted(id, jwe.body), `${id}-web`);
    expect(protectedHeader.typ).toBe('token-introspection+jwt');
    expect(payload['token_introspection']).toMatchObject({ active: true });
    const unknown = await introspected(id, 'made-up', SIGNED);
    const answer = await verified(await decrypted(id, unknown.body), `${id}-web`);
    expect(answer.payload['token_introspection']).toEqual({ active: false });
  });
});

describe('an encrypted authorization response', () => {
  const id = ENCRYPTION_CASES[0]?.id ?? '';

  it('that is an error is encrypted as well', async () => {
    const { url, state } = vendorByHand(world, id).request({
      ...{ response_mode: 'query.jwt', prompt: 'none' },
    });
    const callback = await new Browser().login(url, { username: 'alice' });
    const jwe = String(callback.searchParams.get('response'));
    const { payload } = await verified(await decrypted(id, jwe), `${id}-web`);
    expect(payload).toMatchObject({ error: 'login_required', state });
    expect([...callback.searchParams.keys()]).toEqual(['response']);
  });

  it('holds an ID token that is signed by itself, and a code that is redeemed', async () => {
    const party = vendorByHand(world, id);
    const { url, verifier } = party.request({
      ...{ response_mode: 'form_post.jwt', response_type: 'code id_token' },
    });
    const jwe = await responseAt(url);
    const { payload } = await verified(await decrypted(id, jwe), `${id}-web`);
    const { payload: claims } = await verified(String(payload['id_token']), `${id}-web`);
    const answer = await party.redeem({ code: String(payload['code']), verifier });
    const { payload: later } = await verified(member(answer, 'id_token'), `${id}-web`);
    expect(later.sub).toBe(claims.sub);
  });

  it('in a plain mode is not encrypted: that is for JWT modes alone', async () => {
    const { callback } = await vendorByHand(world, id).begin(new Browser());
    expect([...callback.searchParams.keys()].toSorted()).toEqual(['code', 'iss', 'state']);
  });
});

it('introspection that is asked for as JSON stays JSON', async () => {
  const id = ENCRYPTION_CASES[0]?.id ?? '';
  const { accessToken } = await vendorByHand(world, id).logIn(new Browser());
  const answer = await introspected(id, accessToken, 'application/json');
  expect(members(answer)).toMatchObject({ active: true });
});

describe('keys at a jwks_uri', () => {
  it('encrypt all that is encrypted, passing over those for signatures', async () => {
    const id = 'publishes';
    const party = vendorByHand(world, id);
    const { url, verifier } = party.request({ response_mode: 'jwt' });
    const { payload } = await verified(await decrypted(id, await responseAt(url)), `${id}-web`);
    const tokens = await party.redeem({ code: String(payload['code']), verifier });
    const idToken = await verified(await decrypted(id, member(tokens, 'id_token')), `${id}-web`);
    const userinfo = await party.userinfo(member(tokens, 'access_token'));
    const claims = await verified(await decrypted(id, userinfo.body), `${id}-web`);
    expect(claims.payload.sub).toBe(idToken.payload.sub);
    const about = await introspected(id, member(tokens, 'access_token'), SIGNED);
    const { payload: told } = await verified(await decrypted(id, about.body), `${id}-web`);
    expect(told['token_introspection']).toMatchObject({ sub: idToken.payload.sub });
  });

  it('that cannot be had stop the answer: nothing goes out unencrypted', async () => {
    const { keys } = published;
    published.status = 500;
    try {
      const { url } = vendorByHand(world, 'silent').request({
        ...{ response_mode: 'query.jwt', scope: 'profile' },
      });
      const page = await new Browser().open(url);
      expect(page.status).toBe(503);
      expect(page.body).toContain('temporarily_unavailable');
      published.status = 200;
      published.keys = keys.filter(({ use }) => use === 'sig');
      const rotates = vendorByHand(world, 'rotates');
      const answer = await rotates.redeem(await rotates.begin(new Browser()));
      expect(answer.status).toBe(500);
      expect(Object.keys(members(answer)).toSorted()).toEqual(['error', 'error_description']);
    } finally {
      Object.assign(published, { keys, status: 200 });
    }
  });
});

describe('at registration', () => {
  const WHAT = ['authorization', 'introspection'];
  it.each(WHAT)('encryption of the %s response is refused without a key', async (what) => {
    const alg = `${what}_encrypted_response_alg`;
    await expect(register({ [alg]: 'RSA-OAEP-256' })).rejects.toThrow(/has no key that fits/);
    const jwks = { keys: [{ ...(await newEncryptionKey(privateKeys, 'new', 'ECDH-ES')) }] };
    await expect(register({ [alg]: 'RSA-OAEP-256', jwks })).rejects.toThrow(/has no key that fits/);
    const signing = { keys: jwks.keys.map((key) => ({ ...key, use: 'sig' })) };
    await expect(register({ [alg]: 'ECDH-ES', jwks: signing })).rejects.toThrow(
      /has no key that fits/,
    );
  });

  it.each(WHAT)('a content encryption of the %s response needs an algorithm', async (what) => {
    await expect(register({ [`${what}_encrypted_response_enc`]: 'A128GCM' })).rejects.toThrow(
      /is missing beside/,
    );
  });

  it.each(WHAT)('nobody encrypts the %s response with a secret or by old ways', async (what) => {
    for (const alg of ['dir', 'A128KW', 'RSA1_5', 'RSA-OAEP']) {
      await expect(register({ [`${what}_encrypted_response_alg`]: alg })).rejects.toThrow(
        /has an unknown value/,
      );
    }
  });
});

/** The response of a login, wherever the mode put it. */
async function responseAt(url: URL): Promise<string> {
  const browser = new Browser();
  if (url.searchParams.get('response_mode') === 'form_post.jwt') {
    const { page } = await browser.walk(url);
    const walked = await browser.submitLogin(page, { username: 'alice' });
    return String(walked.page.forms[0]?.fields['response']);
  }
  const callback = await browser.login(url, { username: 'alice' });
  const found = new URLSearchParams(callback.hash.slice(1)).get('response');
  return String(found ?? callback.searchParams.get('response'));
}

function responseOf(id: string, changes: Readonly<Record<string, string>>): Promise<string> {
  return responseAt(vendorByHand(world, id).request(changes).url);
}

function introspected(id: string, token: string, accept: string) {
  const { basic } = vendorByHand(world, id);
  const type = 'application/x-www-form-urlencoded';
  return ask(`${world.proxy.issuer}/oidc/introspect`, {
    headers: { authorization: basic, 'content-type': type, accept },
    body: new URLSearchParams({ token }).toString(),
  });
}

async function decrypted(id: string, jwe: string): Promise<string> {
  const { plaintext } = await compactDecrypt(jwe, privateKeys.get(id) ?? new Uint8Array());
  return new TextDecoder().decode(plaintext);
}

async function verified(jwt: string, audience: string) {
  const keys = (await (await fetch(`${world.proxy.issuer}/oidc/jwks`)).json()) as JSONWebKeySet;
  return jwtVerify(jwt, createLocalJWKSet(keys), { issuer: world.proxy.issuer, audience });
}

function register(metadata: object): Promise<void> {
  const usual = { client_id: 'new', redirect_uris: ['https://new.example/cb'], phase: 'shadow' };
  return world.proxy.apply([{ id: 'new', clients: [{ ...usual, ...metadata }] }]);
}
