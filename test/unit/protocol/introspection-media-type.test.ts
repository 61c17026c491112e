import { expect, test } from 'vitest';

import { asksForJwt } from '../../../src/protocol/introspection-media-type.ts';

const JWT = 'application/token-introspection+jwt';

test.each([
  JWT,
  'Application/Token-Introspection+JWT',
  `application/json;q=0.5, ${JWT}`,
  `application/json, ${JWT}`,
  `${JWT};q=high`,
])('%s asks for a signed answer', (accept) => {
  expect(asksForJwt(accept)).toBe(true);
});

test.each([
  undefined,
  '',
  '*/*',
  'application/json',
  `application/json, ${JWT};q=0.5`,
  `${JWT};q=0`,
])('%s does not', (accept) => {
  expect(asksForJwt(accept)).toBe(false);
});
