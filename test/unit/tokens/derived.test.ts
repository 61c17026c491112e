import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  authTimeOffset,
  browserHash,
  sidFor,
  upstreamCodeVerifier,
  upstreamNonce,
} from '../../../src/tokens/derived.ts';
import { isCodeVerifier } from '../../../src/tokens/pkce.ts';

const root = Buffer.alloc(32, 9);

test('a value is HMAC-SHA256 over its label and fields, each after its length (known answer)', () => {
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const bytes = ['pairwise-proxy sid', 'a.example', 'session'].map(field);
  expect(sidFor(root, 'a.example', 'session')).toBe(
    createHmac('sha256', root).update(Buffer.concat(bytes)).digest('base64url'),
  );
});

test('a sid is one per sector and session, and fields do not run together', () => {
  const pair = fc.tuple(fc.string(), fc.string());
  fc.assert(
    fc.property(pair, pair, ([sector, sid], [otherSector, otherSid]) => {
      const same = sector === otherSector && sid === otherSid;
      expect(sidFor(root, sector, sid) === sidFor(root, otherSector, otherSid)).toBe(same);
    }),
  );
  expect(sidFor(root, 'ab', 'c')).not.toBe(sidFor(root, 'a', 'bc'));
});

test('another root gives another sid', () => {
  expect(sidFor(Buffer.alloc(32, 8), 's', 'x')).not.toBe(sidFor(root, 's', 'x'));
});

test('an auth_time offset is 0 to 59 whole seconds, constant, and uses that range', () => {
  const seen = new Set<number>();
  for (let user = 0; user < 2000; user += 1) {
    const index = Buffer.from(`user ${user}`);
    const offset = authTimeOffset(root, 'a.example', index);
    expect(authTimeOffset(root, 'a.example', index)).toBe(offset);
    seen.add(offset);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 60 }, (_, second) => second),
  );
});

test('nonce and verifier of a transaction are unrelated, and the verifier is well-formed', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      const verifier = upstreamCodeVerifier(root, id);
      expect(isCodeVerifier(verifier)).toBe(true);
      expect(upstreamNonce(root, id)).not.toBe(verifier);
      expect(upstreamNonce(root, id)).toHaveLength(43);
    }),
  );
});

test('a browser hash does not show its cookie', () => {
  expect(browserHash('cookie')).toMatch(/^[\w-]{43}$/);
  expect(browserHash('cookie')).toBe(browserHash('cookie'));
  expect(browserHash('cookie')).not.toBe(browserHash('Cookie'));
});
