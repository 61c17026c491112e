import fc from 'fast-check';
import { expect, test } from 'vitest';

import { identifyRequest } from '../../../src/observability/request-id.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a request without an id gets a fresh one each time', () => {
  const ids = new Set(Array.from({ length: 50 }, () => identifyRequest({}).requestId));
  expect(ids.size).toBe(50);
});

test('a well-formed id and traceparent are kept', () => {
  expect(identifyRequest({ requestId: 'req-0123456', traceparent: TRACEPARENT })).toEqual({
    requestId: 'req-0123456',
    traceparent: TRACEPARENT,
  });
});

/*
 * Attack: a forged id carries line feeds or JSON into the log, or is so long
 * that it drowns the line.
 */
test('whatever is offered, the id is short and plain', () => {
  const offered = fc.oneof(fc.string(), fc.constant('x'.repeat(65)), fc.constant('a\nb-injected'));
  fc.assert(
    fc.property(offered, (requestId) => {
      expect(identifyRequest({ requestId }).requestId).toMatch(/^[A-Za-z0-9._-]{8,64}$/);
    }),
  );
});

test.each([
  '',
  TRACEPARENT.toUpperCase(),
  `ff${TRACEPARENT.slice(2)}`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  `${TRACEPARENT}-extra`,
])('the ill-formed traceparent "%s" is dropped', (traceparent) => {
  expect(identifyRequest({ traceparent }).traceparent).toBeUndefined();
});
