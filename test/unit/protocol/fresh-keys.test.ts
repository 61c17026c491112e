import { expect, test } from 'vitest';

import { withFreshKeys } from '../../../src/protocol/fresh-keys.ts';
import { failure, success, type Result } from '../../../src/result.ts';

const UNKNOWN = failure('id_token_key_unknown');

/** What comes of it, and how often was verified. */
async function outcome(results: readonly Result<string>[], refetched: boolean) {
  let verified = 0;
  const verify = async (): Promise<Result<string>> => {
    verified += 1;
    return results[verified - 1] ?? UNKNOWN;
  };
  const result = await withFreshKeys(verify, 'id_token_key_unknown', async () => refetched);
  return { verified, result: result.ok ? result.value : result.reason };
}

test('a token of a known key is verified once', async () => {
  expect(await outcome([success('good')], true)).toEqual({ verified: 1, result: 'good' });
});

test('a forged one too: fetching keys would not help', async () => {
  const forged = await outcome([failure('id_token_signature')], true);
  expect(forged).toEqual({ verified: 1, result: 'id_token_signature' });
});

test('one of a new key is good once the keys are fetched', async () => {
  expect(await outcome([UNKNOWN, success('good')], true)).toEqual({ verified: 2, result: 'good' });
});

test('one of no key is refused after one more look', async () => {
  const unknown = await outcome([UNKNOWN, UNKNOWN, success('good')], true);
  expect(unknown).toEqual({ verified: 2, result: 'id_token_key_unknown' });
});

test('and at once where the keys were fetched a moment ago', async () => {
  const unknown = await outcome([UNKNOWN, success('good')], false);
  expect(unknown).toEqual({ verified: 1, result: 'id_token_key_unknown' });
});
