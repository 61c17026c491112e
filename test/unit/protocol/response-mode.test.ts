import { describe, expect, test } from 'vitest';

import { responseModeOf } from '../../../src/protocol/response-mode.ts';
import { responseTypeOf } from '../../../src/vendors/response-types.ts';

describe('the way in which an answer travels', () => {
  test('is by default the query for a code, the fragment for tokens', () => {
    expect(responseModeOf(undefined, 'code')).toBe('query');
    expect(responseModeOf(undefined, 'code id_token')).toBe('fragment');
    expect(responseModeOf('jwt', 'code')).toBe('query.jwt');
    expect(responseModeOf('jwt', 'id_token')).toBe('fragment.jwt');
  });

  test.each(['fragment', 'form_post', 'query.jwt', 'fragment.jwt', 'form_post.jwt'] as const)(
    'is %s where the vendor says so',
    (mode) => {
      expect(responseModeOf(mode, 'code')).toBe(mode);
      expect(responseModeOf(mode, 'id_token token')).toBe(mode);
    },
  );

  test('is never the plain query for tokens: addresses are logged everywhere', () => {
    expect(responseModeOf('query', 'code')).toBe('query');
    expect(responseModeOf('query', 'code token')).toBeUndefined();
  });

  test('is none that we do not know', () => {
    expect(responseModeOf('web_message', 'code')).toBeUndefined();
  });
});

test('the words of a response type may stand in any order', () => {
  expect(responseTypeOf('token code id_token')).toBe('code id_token token');
  expect(responseTypeOf('code code')).toBeUndefined();
  expect(responseTypeOf('')).toBeUndefined();
});
