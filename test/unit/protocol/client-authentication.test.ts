import { RateLimiterMemory } from 'rate-limiter-flexible';
import { expect, it } from 'vitest';

import { createLogger } from '../../../src/observability/logger.ts';
import type { ClientAuthenticationParts } from '../../../src/protocol/client-authentication.ts';
import { authenticateClient } from '../../../src/protocol/client-authentication.ts';

/** The real limiter, with a note of what it has to remember. */
class NotedLimiter extends RateLimiterMemory {
  readonly noted: string[] = [];
  override penalty(key: string | number): ReturnType<RateLimiterMemory['penalty']> {
    this.noted.push(String(key));
    return super.penalty(key);
  }
}

/** What an unknown client never reaches. */
type Rest = Pick<ClientAuthenticationParts, 'assertions' | 'signing'>;

it('remembers little of a failed attempt, however long the invented client id is', async () => {
  const failures = new NotedLimiter({ points: 20, duration: 60 });
  const attempt = authenticateClient(
    { clients: { find: () => undefined }, failures, ...({} as Rest) },
    {
      method: 'POST',
      query: new URLSearchParams(),
      form: new URLSearchParams({ client_id: 'n'.repeat(60_000), client_secret: 'guess' }),
      target: '/oidc/token',
      payload: () => Promise.resolve(new Uint8Array()),
      headers: {},
      remoteAddress: '192.0.2.1',
      log: createLogger({ level: 'error', destination: { write: () => {} } }),
      identified: () => {},
      answerHeader: () => {},
    },
    'token',
  );
  await expect(attempt).rejects.toMatchObject({ reason: 'client_authentication_failed' });
  expect(failures.noted.map((key) => key.length)).toEqual([43]);
});
