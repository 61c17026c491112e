/*
 * Whoever registers a client writes its metadata, and may write anything: what is no
 * JSON object is refused without a word of it being repeated.
 */
import { describe, expect, test } from 'vitest';

import { Refusal } from '../../../src/errors.ts';
import { bearerOf, metadataOf } from '../../../src/protocol/registration-request.ts';
import { reasonOf, requestWith } from './given.ts';

function sent(body: string | Uint8Array, type: string | undefined = 'application/json') {
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  const headers = { 'content-type': type };
  return metadataOf(requestWith({ headers, payload: () => Promise.resolve(payload) }));
}

const GOOD = { redirect_uris: ['https://acme.example/cb'] };

describe('the metadata of a client', () => {
  test.each(['application/json', 'Application/JSON; charset=utf-8'])(
    'comes as %s',
    async (type) => {
      expect(await sent(JSON.stringify(GOOD), type)).toMatchObject(GOOD);
    },
  );

  test('has no member that would become something else when copied', async () => {
    const metadata = await sent('{"redirect_uris":["https://a.example/"],"__proto__":{"x":1}}');
    expect(Object.hasOwn(metadata, '__proto__')).toBe(false);
    expect(metadata).not.toHaveProperty('x');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', ';', ''])(
    'does not come as %j',
    async (type) => {
      expect(await reasonOf(() => sent(JSON.stringify(GOOD), type))).toBe('registration_body');
    },
  );

  test('does not come without saying as what', async () => {
    const request = requestWith({ payload: () => Promise.resolve(Buffer.from('{}')) });
    expect(await reasonOf(() => metadataOf(request))).toBe('registration_body');
  });

  test('is refused where it is no JSON, in words that repeat none of it', async () => {
    for (const body of ['{"client_secret":"hush', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const refused = await sent(body).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refusal);
      expect(JSON.stringify(refused)).not.toContain('hush');
    }
  });

  test.each(['[]', 'null', '"text"'])('is refused where it is %s', async (body) => {
    await expect(sent(body)).rejects.toBeInstanceOf(Refusal);
  });
});

test('a token to register with stands in the header, as a bearer token', async () => {
  const of = (authorization?: string) =>
    requestWith({ headers: authorization === undefined ? {} : { authorization } });
  expect(bearerOf(of('Bearer abc.def'), 'initial_token_invalid')).toBe('abc.def');
  for (const header of [undefined, '', 'Basic abc', 'Bearer', 'Bearer a b']) {
    expect(await reasonOf(() => bearerOf(of(header), 'initial_token_invalid'))).toBe(
      'initial_token_invalid',
    );
  }
});
