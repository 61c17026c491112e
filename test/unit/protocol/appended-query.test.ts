import { expect, test } from 'vitest';

import { appendedQuery } from '../../../src/protocol/appended-query.ts';

test.each([
  ['https://acme.example/cb', 'https://acme.example/cb?state=a+b'],
  ['https://acme.example/cb?tenant=%41', 'https://acme.example/cb?tenant=%41&state=a+b'],
  ['https://acme.example/cb#x', 'https://acme.example/cb?state=a+b#x'],
])('%s keeps what it has, to the letter', (address, expected) => {
  expect(appendedQuery(address, { state: 'a b' })).toBe(expected);
});
