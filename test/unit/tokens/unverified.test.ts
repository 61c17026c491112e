import { expect, it } from 'vitest';

import { unverifiedSubject } from '../../../src/tokens/unverified.ts';

const jwtOf = (payload: string): string =>
  ['{}', payload, 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

it('reads the subject that a JWT claims', () => {
  expect(unverifiedSubject(jwtOf('{"sub":"alice"}'))).toBe('alice');
});

it.each([
  ['an opaque token', 'opaque'],
  ['two segments', 'a.b'],
  ['a segment that is not base64url', 'a.*.c'],
  ['a payload that is not JSON', jwtOf('alice')],
  ['a payload that is no object', jwtOf('"alice"')],
  ['a payload that is null', jwtOf('null')],
  ['no sub', jwtOf('{}')],
  ['a sub that is a number', jwtOf('{"sub":7}')],
])('finds none in %s', (_name, token) => {
  expect(unverifiedSubject(token)).toBeUndefined();
});
