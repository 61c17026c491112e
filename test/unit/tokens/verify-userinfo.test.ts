/*
 * A signed userinfo answer is believed by its signature alone, not by the way that
 * it came (OpenID Connect Core 5.3.4). `iss` and `aud` should be there; where they
 * are, they must be right.
 */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { verifyUserinfo } from '../../../src/tokens/verify-userinfo.ts';
import type { UserinfoExpectation } from '../../../src/tokens/verify-userinfo.ts';
import { encoded, handMadeJws } from '../../support/hand-made-jws.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const seconds = now.getTime() / 1000;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

const EXPECTED: UserinfoExpectation = {
  keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'k' }],
  issuer: 'https://legacy.example',
  clientId: 'legacy-acme',
  now,
};

const GOOD = { iss: 'https://legacy.example', aud: 'legacy-acme', sub: 'alice', name: 'Alice' };

function answer(claims: object | string = {}, header = {}, { privateKey } = pair): string {
  const payload = typeof claims === 'string' ? claims : { ...GOOD, ...claims };
  return handMadeJws({ alg: 'RS256', kid: 'k', ...header }, payload, privateKey);
}

async function judged(jwt: string) {
  const result = await verifyUserinfo(jwt, EXPECTED);
  return result.ok ? 'believed' : result.reason;
}

describe('a signed userinfo answer is believed', () => {
  test('with all of its claims', async () => {
    expect(await verifyUserinfo(answer(), EXPECTED)).toEqual({ ok: true, value: GOOD });
  });

  test('without issuer and audience, and where we are one of its audiences', async () => {
    expect(await judged(answer({ iss: undefined, aud: undefined }))).toBe('believed');
    expect(await judged(answer({ aud: ['legacy-other', 'legacy-acme'] }))).toBe('believed');
  });

  test('until half a minute after its end', async () => {
    expect(await judged(answer({ exp: seconds - 29 }))).toBe('believed');
  });

  test('but for members that would become something else when copied', async () => {
    const jwt = answer('{"sub":"alice","__proto__":{"sub":"bob"},"address":{"__proto__":{}}}');
    const result = await verifyUserinfo(jwt, EXPECTED);
    expect(result).toEqual({ ok: true, value: { sub: 'alice', address: {} } });
    expect(Object.hasOwn(result.ok ? result.value : {}, '__proto__')).toBe(false);
  });
});

describe('a signed userinfo answer is refused', () => {
  test.each<[string, string]>([
    ['is nothing', ''],
    ['has a header that is no base64url', `=.${encoded(GOOD)}.AA`],
    ['has a header that is null', `${encoded(null)}.${encoded(GOOD)}.AA`],
    ['is not signed', `${encoded({ alg: 'none' })}.${encoded(GOOD)}.`],
    ['names its key by a number', answer({}, { kid: 7 })],
    ['declares an extension critical', answer({}, { crit: ['x'], x: 1 })],
    ['is signed by another key of the same name', answer({}, {}, other)],
    ['claims a text', answer('"alice"')],
    ['claims nothing that is JSON', answer('{')],
    ['is of another issuer', answer({ iss: 'https://elsewhere.example' })],
    ['is for another client', answer({ aud: 'legacy-other' })],
    ['has expired', answer({ exp: seconds - 30 })],
    ['ends at a text', answer({ exp: 'never' })],
  ])('that %s', async (_what, jwt) => {
    expect(await judged(jwt)).toBe('userinfo_jwt_invalid');
  });

  test('of a key that is not known, so that the keys may be fetched again', async () => {
    expect(await judged(answer({}, { kid: 'new' }))).toBe('userinfo_key_unknown');
  });
});
