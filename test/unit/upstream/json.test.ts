import { describe, expect, test } from 'vitest';

import { jsonObject } from '../../../src/upstream/json.ts';

function response(body: string | Uint8Array, mediaType: string | undefined = 'application/json') {
  return { status: 200, headers: {}, mediaType, body: Buffer.from(body) };
}

describe('jsonObject', () => {
  test('reads an object, with or without a byte order mark', () => {
    expect(jsonObject(response('{"a":[1,{"b":null}]}'))).toEqual({ a: [1, { b: null }] });
    expect(jsonObject(response('\uFEFF{"a":1}'))).toEqual({ a: 1 });
  });

  test.each(['text/html', 'application/jsonp', 'application/problem+json', 'application/jwt'])(
    'refuses the media type %s',
    (mediaType) => {
      expect(() => jsonObject(response('{}', mediaType))).toThrow(
        expect.objectContaining({ reason: 'upstream_media_type' }),
      );
    },
  );

  test('refuses a missing media type', () => {
    expect(() => jsonObject({ ...response('{}'), mediaType: undefined })).toThrow(
      expect.objectContaining({ reason: 'upstream_media_type' }),
    );
  });

  test.each([
    ['nothing', ''],
    ['a cut object', '{"sub":"alice"'],
    ['a list', '["alice"]'],
    ['a string', '"alice"'],
    ['null', 'null'],
    ['a page', '<html>alice</html>'],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['nesting without end', '{"a":'.repeat(100_000)],
    ['deep nesting', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('refuses %s, and quotes nothing of it', (_what, body) => {
    let thrown: unknown;
    try {
      jsonObject(response(body));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ reason: 'upstream_malformed' });
    expect(String(thrown)).not.toContain('alice');
  });

  /**
   * `JSON.parse` makes `__proto__` an ordinary member, and whoever copies it
   * member by member sets a prototype: a claim that was never checked appears.
   */
  test('drops __proto__ at every depth', () => {
    const value = jsonObject(response('{"__proto__":{"sub":"x"},"a":{"__proto__":{"b":1},"c":2}}'));
    expect(Object.keys(value)).toEqual(['a']);
    expect(Object.keys(value['a'] as object)).toEqual(['c']);
    expect(Object.assign({}, value)).not.toHaveProperty('sub');
  });
});
