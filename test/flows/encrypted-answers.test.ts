import { compactDecrypt, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { CryptoKey, JSONWebKeySet } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { tokenHash } from '../../src/tokens/hashes.ts';
import { Browser } from '../support/browser.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { ENCRYPTION_CASES, newEncryptionKey } from '../support/encryption.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * ID tokens and userinfo answers encrypted to the client's own keys, and userinfo
 * signed (OpenID Connect Core 5.3.2, 10.2), as jose and openid-client read them.
 */

const privateKeys = new Map<string, CryptoKey>();
let world: World;
beforeAll(async () => {
  const vendors = [];
  for (const { id, alg, enc } of ENCRYPTION_CASES) {
    const jwks = { keys: [await newEncryptionKey(privateKeys, id, alg)] };
    vendors.push({
      id,
      client: {
        ...{ jwks, response_types: ['code', 'code id_token token'], release_claims: ['name'] },
        ...{ id_token_encrypted_response_alg: alg, userinfo_encrypted_response_alg: alg },
        userinfo_signed_response_alg: 'RS256',
        ...(enc === undefined
          ? {}
          : { id_token_encrypted_response_enc: enc, userinfo_encrypted_response_enc: enc }),
      },
    });
  }
  const jwks = { keys: [await newEncryptionKey(privateKeys, 'unsigned', 'RSA-OAEP-256')] };
  world = await createWorld([
    ...vendors,
    { id: 'unsigned', client: { jwks, userinfo_encrypted_response_alg: 'RSA-OAEP-256' } },
    { id: 'signed', client: { userinfo_signed_response_alg: 'ES256' } },
  ]);
});
afterAll(() => world.close());

describe.each(ENCRYPTION_CASES)('encrypted with $alg and $enc', ({ id, alg, enc }) => {
  it('an ID token is signed first, with the hash of the token that came along', async () => {
    const party = vendorByHand(world, id);
    const answer = await party.redeem(await party.begin(new Browser()));
    const idToken = member(answer, 'id_token');
    const header = { alg, enc: enc ?? 'A128CBC-HS256', cty: 'JWT', kid: id };
    expect(decodeProtectedHeader(idToken)).toMatchObject(header);
    const { payload } = await verified(await decrypted(id, idToken), `${id}-web`);
    expect(payload['at_hash']).toBe(tokenHash(member(answer, 'access_token'), 'RS256'));
    expect(payload.sub).toMatch(/^[a-z2-7]{52}$/);
  });

  it('openid-client logs in and reads userinfo', async () => {
    const { configuration, tokens } = await logInWithLibrary(id);
    const sub = tokens.claims()?.sub ?? '';
    const claims = await client.fetchUserInfo(configuration, tokens.access_token, sub);
    expect(claims).toMatchObject({ sub, name: expect.any(String) });
  });
});

it('an ID token in an authorization response is encrypted too, hashes and all', async () => {
  const id = 'ecdh-es-a256gcm';
  const party = vendorByHand(world, id);
  const { url } = party.request({ response_type: 'code id_token token' });
  const callback = await new Browser().login(url, { username: 'alice' });
  const answer = new URLSearchParams(callback.hash.slice(1));
  const { payload } = await verified(
    await decrypted(id, String(answer.get('id_token'))),
    `${id}-web`,
  );
  expect(payload['at_hash']).toBe(tokenHash(String(answer.get('access_token')), 'RS256'));
  expect(payload['c_hash']).toBe(tokenHash(String(answer.get('code')), 'RS256'));
});

it('userinfo that is signed alone names issuer and audience', async () => {
  const answer = await userinfoOf('signed');
  expect(answer.headers.get('content-type')).toBe('application/jwt');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { payload, protectedHeader } = await verified(answer.body, 'signed-web');
  expect(protectedHeader.alg).toBe('ES256');
  expect(Object.keys(payload).toSorted()).toEqual(['aud', 'iss', 'sub']);
});

it('userinfo that is encrypted alone holds the claims themselves', async () => {
  const answer = await userinfoOf('unsigned');
  expect(answer.headers.get('content-type')).toBe('application/jwt');
  expect(decodeProtectedHeader(answer.body)).not.toHaveProperty('cty');
  const claims = JSON.parse(await decrypted('unsigned', answer.body)) as object;
  expect(Object.keys(claims)).toEqual(['sub']);
});

it('an error stays JSON', async () => {
  const answer = await vendorByHand(world, 'signed').userinfo('nonsense');
  expect(answer.status).toBe(401);
  expect(members(answer)['error']).toBe('invalid_token');
});

describe('at registration', () => {
  const RSA = { id_token_encrypted_response_alg: 'RSA-OAEP-256' };
  it.each([
    ['no key at all', undefined, {}, RSA],
    ['a key on a curve', 'ECDH-ES', {}, RSA],
    ['a key for signatures', 'RSA-OAEP-256', { use: 'sig' }, RSA],
    ['a key for another algorithm', 'RSA-OAEP-256', { alg: 'RS256' }, RSA],
    ['an RSA key', 'RSA-OAEP-256', {}, { userinfo_encrypted_response_alg: 'ECDH-ES' }],
  ])('encryption is refused with %s', async (_name, alg, changes, metadata) => {
    const jwks = alg && {
      keys: [{ ...(await newEncryptionKey(privateKeys, 'new', alg)), ...changes }],
    };
    await expect(register({ ...metadata, ...(jwks && { jwks }) })).rejects.toThrow(
      /has no key that fits/,
    );
  });

  it.each(['RSA-OAEP', 'RSA1_5', 'dir', 'A128KW'])('the algorithm %s is refused', async (alg) => {
    await expect(register({ id_token_encrypted_response_alg: alg })).rejects.toThrow(
      /has an unknown value/,
    );
  });

  it('an encryption without an algorithm is refused', async () => {
    await expect(register({ id_token_encrypted_response_enc: 'A128GCM' })).rejects.toThrow(
      /is missing beside/,
    );
  });
});

async function decrypted(id: string, jwe: string): Promise<string> {
  const { plaintext } = await compactDecrypt(jwe, privateKeys.get(id) ?? new Uint8Array());
  return new TextDecoder().decode(plaintext);
}

async function verified(jwt: string, audience: string) {
  const keys = (await (await fetch(`${world.proxy.issuer}/oidc/jwks`)).json()) as JSONWebKeySet;
  return jwtVerify(jwt, createLocalJWKSet(keys), { issuer: world.proxy.issuer, audience });
}

async function userinfoOf(id: string) {
  const party = vendorByHand(world, id);
  return party.userinfo((await party.logIn(new Browser())).accessToken);
}

async function logInWithLibrary(id: string) {
  const { clientId, redirectUri } = world.vendor(id);
  const configuration = await client.discovery(
    new URL(world.proxy.issuer),
    clientId,
    { userinfo_signed_response_alg: 'RS256' },
    client.ClientSecretBasic(vendorSecret(id)),
    { execute: [client.allowInsecureRequests] },
  );
  const key = privateKeys.get(id);
  if (key === undefined) throw new Error(`no key of ${id}`);
  client.enableDecryptingResponses(configuration, ['A128CBC-HS256', 'A128GCM', 'A256GCM'], {
    ...{ key, kid: id },
    alg: ENCRYPTION_CASES.find((one) => one.id === id)?.alg ?? '',
  });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(configuration, {
    ...{ redirect_uri: redirectUri, scope: 'openid profile' },
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const callback = await new Browser().login(url, { username: 'alice' });
  const tokens = await client.authorizationCodeGrant(configuration, callback, { pkceCodeVerifier });
  return { configuration, tokens };
}

function register(metadata: object): Promise<void> {
  const usual = { client_id: 'new', redirect_uris: ['https://new.example/cb'], phase: 'shadow' };
  return world.proxy.apply([{ id: 'new', clients: [{ ...usual, ...metadata }] }]);
}
