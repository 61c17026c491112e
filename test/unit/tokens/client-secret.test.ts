import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secretsEqual } from '../../../src/tokens/client-secret.ts';

test('secrets are equal exactly when they are the same text', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(secretsEqual(one, one)).toBe(true);
      expect(secretsEqual(one, other)).toBe(one === other);
    }),
  );
});

test('neither case, length, space nor Unicode form is forgiven', () => {
  for (const other of ['Secret', 'secre', 'secret ', '', 'ſecret']) {
    expect(secretsEqual('secret', other)).toBe(false);
  }
  expect(secretsEqual('\u00e9', 'e\u0301')).toBe(false);
});
