import { expect } from 'vitest';

import type { Reason } from '../../src/errors.ts';
import type { Answer } from './by-hand.ts';
import { ask } from './by-hand.ts';
import type { TestProxy } from './proxy.ts';
import type { World } from './world.ts';
import { upstreamSecret, vendorSecret } from './world.ts';

/** What the wire and the log must say of a refusal. */
export interface Expected {
  /** The HTTP status; of a redirect with an error, 303. */
  readonly status: number;
  /** The OAuth error code. */
  readonly error: string;
  /** What our log calls it. */
  readonly reason: Reason;
  /** Seconds in Retry-After; undefined: there must be none. */
  readonly retryAfter?: number;
  /** An error that goes back to the vendor: where to, and the `state` it must carry. */
  readonly redirect?: { readonly to: string; readonly state: string | undefined };
  /** What our log may hold although it names a user: the upstream's own words. */
  readonly mayBeLogged?: readonly string[];
}

/** Put this into whatever the upstream says wrongly; it must not come through. */
export const MARKER = 'upstream-marker-5f1c';

const NAMING = ['alice', 'Archer', 'legacy.example', MARKER];

/**
 * Makes an attempt and asserts all that holds of every refusal: the right OAuth
 * error, nothing of the upstream's bytes, one log line with the request's id
 * and neither secret nor token nor local subject in it, and a proxy that goes on.
 * `secrets` are the codes and tokens that the attempt presents.
 */
export async function expectRefused(
  world: Pick<World, 'upstream' | 'proxy'>,
  expected: Expected,
  attempt: () => Promise<Answer>,
  secrets: readonly string[] = [],
): Promise<Answer> {
  const { proxy, upstream } = world;
  const before = proxy.log.length;
  const answer = await attempt();
  expectWire(answer, expected, proxy.issuer);
  const foreign = [...NAMING, new URL(upstream.issuer).host];
  expectNothingOf(foreign, answer);
  expectLogged(proxy, before, answer, expected, secrets);
  // Without the database even the keys are not told for ever (MAX_STALENESS).
  await expectServing(proxy, expected.reason === 'configuration_stale' ? 503 : 200);
  return answer;
}

/** The proxy answers the next request. */
export async function expectServing(proxy: Pick<TestProxy, 'issuer'>, status = 200): Promise<void> {
  const next = await ask(`${proxy.issuer}/oidc/jwks`);
  expect(next.status, 'the next request').toBe(status);
}

function expectWire(answer: Answer, expected: Expected, issuer: string): void {
  const told = `${answer.status} ${answer.headers.get('location') ?? answer.body}`;
  expect(answer.status, told).toBe(expected.status);
  const retryAfter = expected.retryAfter === undefined ? null : String(expected.retryAfter);
  expect(answer.headers.get('retry-after'), 'Retry-After').toBe(retryAfter);
  expect(answer.headers.get('cache-control'), 'Cache-Control').toBe('no-store');
  if (expected.redirect !== undefined) {
    const location = new URL(answer.headers.get('location') ?? 'about:blank');
    expect(`${location.origin}${location.pathname}`).toBe(expected.redirect.to);
    expect(location.searchParams.getAll('error'), told).toEqual([expected.error]);
    const { state } = expected.redirect;
    expect(location.searchParams.getAll('state')).toEqual(state === undefined ? [] : [state]);
    expect(location.searchParams.getAll('iss')).toEqual([issuer]);
    const names = [...location.searchParams.keys()].filter((name) => name !== 'error_description');
    expect(names.sort()).toEqual(['error', 'iss', ...(state === undefined ? [] : ['state'])]);
    return;
  }
  expect(answer.headers.has('location'), told).toBe(false);
  const type = answer.headers.get('content-type') ?? '';
  if (type.startsWith('text/html')) {
    expect(answer.body).toContain(`Error: <code>${expected.error}</code>`);
    expect(answer.body).toContain(`<code>${answer.headers.get('x-request-id')}</code>`);
    return;
  }
  expect(type, told).toMatch(/^application\/json/);
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  expect(Object.keys(body).sort()).toEqual(['error', 'error_description']);
  expect(body['error'], told).toBe(expected.error);
  const challenge = answer.headers.get('www-authenticate');
  if (answer.status === 401) expect(challenge).toMatch(/^((Basic|Bearer) realm|DPoP algs)=/);
  else expect(challenge).toBeNull();
}

/** No text of these stands in an answer, whatever its letter case. */
export function expectNothingOf(texts: readonly string[], answer: Answer): void {
  const all = `${[...answer.headers].flat().join('\n')}\n${answer.body}`.toLowerCase();
  for (const text of texts) expect(all, 'of the upstream').not.toContain(text.toLowerCase());
}

function expectLogged(
  proxy: TestProxy,
  before: number,
  answer: Answer,
  expected: Expected,
  secrets: readonly string[],
): void {
  const requestId = answer.headers.get('x-request-id');
  expect(requestId).toMatch(/^[\w-]{8,}$/);
  const lines = proxy.log.slice(before);
  const refusals = lines.filter((line) => line['requestId'] === requestId && 'reason' in line);
  expect(refusals.map((line) => line['reason'])).toEqual([expected.reason]);
  let text = JSON.stringify(lines);
  for (const allowed of expected.mayBeLogged ?? []) text = text.replaceAll(allowed, '');
  const unspeakable = [
    ...secrets,
    ...NAMING,
    ...['acme', 'bolt', 'spa'].flatMap((id) => [vendorSecret(id), upstreamSecret(id)]),
    'alice-password',
  ];
  for (const secret of unspeakable) {
    if (secret !== '') expect(text, 'in the log').not.toContain(secret);
  }
}
