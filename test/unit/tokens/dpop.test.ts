// Whoever asks for tokens writes the proof, header and all. What is no proof must
// be told from one, whatever stands in it, and never throw.
import fc from 'fast-check';
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';

import { DPOP_ALGORITHMS, checkDpopProof } from '../../../src/tokens/dpop.ts';
import type { DpopExpectation } from '../../../src/tokens/dpop.ts';
import { dpopNonceEnd, dpopNonceFor } from '../../../src/tokens/dpop-nonce.ts';

const now = new Date('2030-03-04T05:06:07.000Z');
const seconds = now.getTime() / 1000;
const ADDRESS = 'https://login.example/idp/oidc/token';
const keys = await generateKeyPair('ES256', { extractable: true });
const jwk = await exportJWK(keys.publicKey);
const HEADER = { typ: 'dpop+jwt', alg: 'ES256', jwk };
const CLAIMS = { jti: 'one', htm: 'POST', htu: ADDRESS, iat: seconds };

const EXPECTED: DpopExpectation = {
  method: 'POST',
  address: ADDRESS,
  accessToken: undefined,
  now,
  nonceEnd: (nonce) => (nonce === 'ours' ? new Date(now.getTime() + 90_000) : undefined),
  nonce: 'optional',
};

function sign(claims: object = {}, header: object = {}): Promise<string> {
  return new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ ...HEADER, ...header })
    .sign(keys.privateKey, { crit: { x: true } });
}

async function judged(claims: object, header = {}, expected: Partial<DpopExpectation> = {}) {
  const checked = await checkDpopProof(await sign(claims, header), { ...EXPECTED, ...expected });
  return checked.ok ? 'good' : checked.reason;
}

test('a good proof tells its key and until when it would be taken', async () => {
  const checked = await checkDpopProof(await sign(), EXPECTED);
  expect(checked).toEqual({
    ok: true,
    value: {
      jkt: await calculateJwkThumbprint(jwk),
      jti: 'one',
      expiresAt: new Date(now.getTime() + 61_000),
    },
  });
});

test.each(DPOP_ALGORITHMS)('a key for %s serves', async (alg) => {
  const pair = await generateKeyPair(alg);
  const proof = await new SignJWT(CLAIMS)
    .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk: await exportJWK(pair.publicKey) })
    .sign(pair.privateKey);
  expect(await checkDpopProof(proof, EXPECTED)).toMatchObject({ ok: true });
});

test.each([
  'HTTPS://LOGIN.example:443/idp/oidc/token',
  'https://login.example/idp/oidc/token?a=b#c',
  'https://login.example/idp/./x/../oidc/token',
  'https://login.example/idp/oidc/%74oken',
])('the address may be spelled %s', async (htu) => {
  expect(await judged({ htu })).toBe('good');
});

test.each([
  ...['https://login.example/idp/oidc/token/', 'https://login.example/IDP/oidc/token'],
  ...['http://login.example/idp/oidc/token', 'https://login.example:8443/idp/oidc/token'],
  ...['https://user@login.example/idp/oidc/token', 'https://login.example/idp/oidc%2Ftoken'],
  ...['/idp/oidc/token', '', 7, null, undefined, [ADDRESS]],
])('the address is not %j', async (htu) => {
  expect(await judged({ htu })).toBe('dpop_proof_invalid');
});

test.each([
  [60, 'good'],
  [-60, 'good'],
  [61, 'dpop_proof_invalid'],
  [-61, 'dpop_proof_invalid'],
])('a proof that is %d s off is %s', async (offset, verdict) => {
  expect(await judged({ iat: seconds + offset })).toBe(verdict);
});

test('critical extensions are refused', async () => {
  expect(await judged({}, { crit: ['x'], x: 1 })).toBe('dpop_proof_invalid');
});

test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
  'a key with the private member %s is refused',
  async (name) => {
    expect(await judged({}, { jwk: { ...jwk, [name]: 'AQAB' } })).toBe('dpop_proof_invalid');
  },
);

describe('the nonce', () => {
  test.each([
    [{}, 'optional', 'good'],
    [{}, 'required', 'dpop_nonce_required'],
    [{ nonce: 'ours' }, 'required', 'good'],
    [{ nonce: 'ours', iat: 1 }, 'optional', 'good'],
    [{ nonce: 'theirs' }, 'optional', 'dpop_nonce_required'],
    [{ nonce: 7 }, 'optional', 'dpop_nonce_required'],
    [{ nonce: 'ours', htm: 'GET' }, 'required', 'dpop_proof_invalid'],
  ] as const)('%j where it is %s: %s', async (claims, nonce, verdict) => {
    expect(await judged(claims, {}, { nonce })).toBe(verdict);
  });

  const root = Buffer.alloc(32, 5);
  const later = (count: number): Date => new Date(now.getTime() + count * 1000);

  test('is accepted from its first moment for 150 to 300 s, at every replica', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 149 }), (age, at) => {
        const nonce = dpopNonceFor(root, 'acme', later(at));
        const end = dpopNonceEnd(root, 'acme', nonce, later(at + age));
        if (age < 150) expect(end).toBeDefined();
        if (age >= 300) expect(end).toBeUndefined();
        if (end !== undefined) expect(end.getTime()).toBeGreaterThan(later(at + age).getTime());
      }),
    );
  });

  test('is nobody else’s, and of no other root', () => {
    const nonce = dpopNonceFor(root, 'acme', now);
    expect(dpopNonceFor(root, 'bolt', now)).not.toBe(nonce);
    expect(dpopNonceEnd(root, 'bolt', nonce, now)).toBeUndefined();
    expect(dpopNonceEnd(Buffer.alloc(32, 6), 'acme', nonce, now)).toBeUndefined();
  });
});

test('whatever stands in a proof, it is refused and nothing thrown', async () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
    fc
      .record({
        typ: fc.constantFrom('dpop+jwt', 'JWT', 7),
        alg: fc.constantFrom('ES256', 'none', 'HS256', '', 7),
        jwk: fc.oneof(fc.object(), fc.constant(jwk), fc.constant({ kty: 'oct', k: 'AA' })),
      })
      .map((header) => Buffer.from(JSON.stringify(header)).toString('base64url')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
      const checked = await checkDpopProof(parts.join('.'), EXPECTED);
      expect(checked).toMatchObject({ ok: false, reason: 'dpop_proof_invalid' });
    }),
  );
});
