import { expect, test } from 'vitest';
import { jsonObject } from '../../../src/tokens/json-object.ts';

const read = (text: string) => jsonObject(Buffer.from(text));

test.each([
  ['as it stands', '{"a":{"__proto__":{"x":1},"b":2}}'],
  ['in escapes', String.raw`{"a":{"\u005f_proto__":{"x":1},"b":2}}`],
  ['in escapes, last', String.raw`{"a":{"__prot\u006F__":{"x":1},"b":2}}`],
])('a member named __proto__ is left out however it is spelled: %s', (_spelling, text) => {
  expect(Object.getOwnPropertyNames(read(text)?.['a'])).toEqual(['b']);
});

test('anything but a JSON object in strict UTF-8 is none', () => {
  for (const text of ['[]', '"a"', 'null', '', '{', '\ufeff{}']) expect(read(text)).toBeUndefined();
  expect(jsonObject(Uint8Array.from([0x7b, 0xff, 0x7d]))).toBeUndefined();
  // A text that failed leaves nothing behind for the next one.
  expect(read('{"a":"ü"}')).toEqual({ a: 'ü' });
});
