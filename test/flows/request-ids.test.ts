import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, vendorByHand } from '../support/by-hand.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const REQUEST_ID = 'request-of-the-load-balancer';

/* One id finds a request in the log, in the answer and in the provider's log. */
describe.each([
  ['a trusted proxy', '127.0.0.0/8', { traceparent: TRACEPARENT, 'x-request-id': REQUEST_ID }],
  ['anybody else', '', { traceparent: undefined }],
] as const)('what %s says of a request', (_who, trusted, expected) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(undefined, { environment: { TRUSTED_PROXIES: trusted } });
  });
  afterAll(() => world.close());

  const said = {
    traceparent: TRACEPARENT,
    'x-request-id': REQUEST_ID,
    ...{ tracestate: 'vendor=alice', baggage: 'user=alice' },
  };

  /** What the provider was told with the last request of this path, and the log of the proxy. */
  function told(path: string, id: string | null) {
    const last = world.upstream.requests.findLast(({ url }) => url.pathname === path);
    const lines = world.proxy.log.filter((line) => line['requestId'] === id);
    return { headers: last?.headers, lines };
  }

  it('goes with the exchange to the provider, and into the log', async () => {
    const acme = vendorByHand(world, 'acme');
    const { accessToken } = await acme.logIn(new Browser());
    const headers = { ...said, authorization: `Bearer ${accessToken}` };
    const answer = await ask(`${world.proxy.issuer}/oidc/userinfo`, { headers });
    const id = answer.headers.get('x-request-id');
    const { reached } = world.proxy.application.upstream.metadata();
    const { headers: upstream, lines } = told(reached.userinfo_endpoint?.pathname ?? '', id);
    expect(upstream?.['x-request-id']).toBe(id);
    expect(upstream?.['traceparent']).toBe(expected.traceparent);
    expect(lines).toEqual([expect.objectContaining({ endpoint: 'userinfo', msg: 'answered' })]);
    expect(lines[0]?.['traceparent']).toBe(expected.traceparent);
    expect(id === REQUEST_ID).toBe('x-request-id' in expected);
  });

  it('goes with a relayed page, and nothing else that a browser may claim', async () => {
    const answer = await ask(`${world.proxy.issuer}/some/page`, { headers: said });
    const id = answer.headers.get('x-request-id');
    const { headers: upstream } = told('/some/page', id);
    expect(upstream?.['x-request-id']).toBe(id);
    expect(upstream?.['traceparent']).toBe(expected.traceparent);
    expect(upstream).not.toHaveProperty('tracestate');
    expect(upstream).not.toHaveProperty('baggage');
  });
});
