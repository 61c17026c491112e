import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeChallenge,
  isCodeChallenge,
  isCodeVerifier,
  verifierMatches,
} from '../../../src/tokens/pkce.ts';

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

test('the example of RFC 7636 appendix B', () => {
  expect(codeChallenge(verifier)).toBe(challenge);
  expect(verifierMatches(verifier, challenge)).toBe(true);
});

test('only the very verifier matches', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9._~-]{43,128}$/), (other) => {
      expect(verifierMatches(other, challenge)).toBe(other === verifier);
      expect(verifierMatches(other, codeChallenge(other))).toBe(true);
    }),
  );
});

test('the challenge itself is no verifier (downgrade to plain)', () => {
  expect(verifierMatches(challenge, challenge)).toBe(false);
});

describe('a verifier', () => {
  test.each([
    ['42 characters', 'a'.repeat(42)],
    ['129 characters', 'a'.repeat(129)],
    ['another character', `${'a'.repeat(43)}+`],
    ['a line end', `${'a'.repeat(43)}\n`],
    ['letters beyond ASCII', 'é'.repeat(43)],
    ['nothing', ''],
  ])('of %s is refused, even where its hash fits', (_name, value) => {
    expect(isCodeVerifier(value)).toBe(false);
    expect(verifierMatches(value, codeChallenge(value))).toBe(false);
  });

  test('of 43 and of 128 characters is one', () => {
    expect(isCodeVerifier('~'.repeat(43)) && isCodeVerifier('-'.repeat(128))).toBe(true);
  });
});

test.each([
  [challenge, true],
  [challenge.slice(1), false],
  [`${challenge}A`, false],
  [`${challenge.slice(0, -1)}N`, false],
  [`${challenge.slice(0, -1)}=`, false],
  ['', false],
])('a challenge is 32 bytes in base64url: %s', (value, expected) => {
  expect(isCodeChallenge(value)).toBe(expected);
});
