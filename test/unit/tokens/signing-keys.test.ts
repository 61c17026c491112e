import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { describe, expect, test } from 'vitest';
import { mintReleasedSubject } from '../../../src/subjects/released.ts';
import type { SigningAlgorithm } from '../../../src/tokens/algorithms.ts';
import { tokenHash } from '../../../src/tokens/hashes.ts';
import { signIdToken } from '../../../src/tokens/sign.ts';
import {
  generateSigningKey,
  importSigningKey,
  publicJwks,
} from '../../../src/tokens/signing-keys.ts';
import { verifyIdToken } from '../../../src/tokens/verify.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const algorithms: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'PS256', 'EdDSA'];
const generated = await Promise.all(algorithms.map((alg) => generateSigningKey(alg, now)));
const claims = {
  iss: 'https://id.example',
  sub: mintReleasedSubject('PSEUDONYM'),
  aud: 'acme',
  exp: seconds + 300,
  iat: seconds,
  nonce: 'vendor-nonce',
};

function keyOf(alg: SigningAlgorithm): (typeof generated)[number] {
  const found = generated.find((key) => key.alg === alg);
  if (found === undefined) throw new Error(`no ${alg} key`);
  return found;
}

describe.each(algorithms)('%s', (alg) => {
  test('a new key is named by the thumbprint of its public part', async () => {
    const key = keyOf(alg);
    expect(key.kid).toBe(await calculateJwkThumbprint(key.publicJwk, 'sha256'));
    expect(key.createdAt).toEqual(now);
  });

  test('what it signs verifies in a vendor library from our JWKS alone', async () => {
    const imported = await importSigningKey(keyOf(alg));
    if (!imported.ok) throw new Error(imported.detail);
    const jwt = await signIdToken(claims, imported.value);
    const jwks = JSON.parse(JSON.stringify(publicJwks(generated))) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(jwks), {
      issuer: claims.iss,
      audience: claims.aud,
      currentDate: now,
      typ: 'JWT',
    });
    expect(payload).toEqual(claims);
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: keyOf(alg).kid });
  });

  test('what it signs survives a JSON store, and our own verification', async () => {
    const stored = JSON.parse(JSON.stringify(keyOf(alg))) as (typeof generated)[number];
    const imported = await importSigningKey(stored);
    if (!imported.ok) throw new Error(imported.detail);
    const at_hash = tokenHash('sealed', alg);
    const jwt = await signIdToken({ ...claims, at_hash }, imported.value);
    const verified = await verifyIdToken(jwt, {
      keys: publicJwks([stored]).keys,
      issuer: claims.iss,
      clientId: claims.aud,
      nonce: claims.nonce,
      accessToken: 'sealed',
      algorithms: [alg],
      now,
    });
    expect(verified.ok && verified.value.subject).toBe('PSEUDONYM');
  });
});

test('a JWKS has public members alone, though a row holds a private key as public', () => {
  const careless = generated.map((key) => ({ ...key, publicJwk: key.privateJwk }));
  for (const key of publicJwks(careless).keys) {
    expect(key).toMatchObject({ use: 'sig' });
    expect(Object.keys(key).sort().join(' ')).toMatch(
      /^(alg e kid kty n use|alg crv kid kty use x( y)?)$/,
    );
  }
});

test('two keys are never the same', async () => {
  expect((await generateSigningKey('ES256', now)).kid).not.toBe(keyOf('ES256').kid);
});

describe('a stored key is refused as key_unavailable', () => {
  const es = keyOf('ES256');
  test.each([
    ['without its private part', { ...es, privateJwk: es.publicJwk }],
    ['of another algorithm', { ...es, alg: 'RS256' as const }],
    ['on another curve', { ...es, privateJwk: { ...es.privateJwk, crv: 'P-384' } }],
    ['under a foreign key id', { ...es, kid: keyOf('EdDSA').kid }],
    ['with a damaged number', { ...es, privateJwk: { ...es.privateJwk, d: '!' } }],
    ['that is empty', { ...es, privateJwk: {} }],
  ])('%s', async (_name, row) => {
    const imported = await importSigningKey(row);
    expect(imported).toMatchObject({ ok: false, reason: 'key_unavailable' });
    expect(JSON.stringify(imported)).not.toContain((es.privateJwk as { d: string }).d);
  });
});
