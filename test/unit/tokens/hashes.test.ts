import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { tokenHash } from '../../../src/tokens/hashes.ts';

test('at_hash of the example in OpenID Connect Core A.3', () => {
  expect(tokenHash('jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y', 'RS256')).toBe(
    '77QmUPtjPfzWtF2AnpK9RQ',
  );
});

test('c_hash of the example in OpenID Connect Core A.4', () => {
  expect(tokenHash('Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk', 'RS256')).toBe(
    'LDktKdoQak3Pk0cnXxCltA',
  );
});

test.each([
  ['RS256', 'sha256', 16],
  ['PS256', 'sha256', 16],
  ['ES256', 'sha256', 16],
  ['RS384', 'sha384', 24],
  ['PS384', 'sha384', 24],
  ['ES384', 'sha384', 24],
  ['RS512', 'sha512', 32],
  ['PS512', 'sha512', 32],
  ['ES512', 'sha512', 32],
  ['EdDSA', 'sha512', 32],
] as const)('%s takes the left half of %s', (algorithm, hash, bytes) => {
  const half = createHash(hash).update('a token').digest().subarray(0, bytes);
  expect(tokenHash('a token', algorithm)).toBe(half.toString('base64url'));
});
