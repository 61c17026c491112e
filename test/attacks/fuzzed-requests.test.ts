/*
 * Whoever can open a connection can send any bytes. These are requests that were
 * good once, with bytes of them changed, and requests that are well-formed and mean
 * nothing. Whatever they are, the proxy goes on, answers or closes, breaks no rule of
 * its own, and the upstream's closed endpoints hear nothing of them. None of them
 * holds a credential that opens anything, so that each answer is a refusal or a page.
 */
import fc from 'fast-check';
import { Agent, request as send } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createAccountWorld } from '../support/account.ts';
import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { fuzzedRequest, INJECTED, seeded, sendAndEnd } from '../support/fuzz.ts';
import { hostileParameters } from '../support/hostile-parameters.ts';
import type { HostileRequest } from '../support/hostile-parameters.ts';
import { hostileRequests } from '../support/hostile-requests.ts';
import type { Template } from '../support/fuzz.ts';
import { expectServing } from '../support/refused.ts';
import type { World } from '../support/world.ts';

/** In `npm run test:full`, a million; then every run is another one. */
const TOTAL = Number(process.env['FUZZED_REQUESTS'] ?? 20_000);
const SEED = process.env['FUZZED_REQUESTS'] === undefined ? 6 : Date.now() >>> 0;
/** Of them, those with changed bytes; each takes a connection of its own. */
const CHANGED = Math.round(TOTAL / 2);
const HOUR = 3_600_000;
/** Requests at a time, after each of which everything is looked at. */
const BATCH = 250;
const AT_ONCE = 16;

let world: World;
let port: number;
let templates: readonly Template[];
let agent: Agent;
beforeAll(async () => {
  world = await createAccountWorld(undefined, { environment: { TRUSTED_PROXIES: '127.0.0.1/32' } });
  port = Number(new URL(world.proxy.issuer).port);
  templates = await hostileRequests(world);
  // A long state comes back in a long Location.
  agent = new Agent({ connections: AT_ONCE, maxHeaderSize: 65_536 });
  forget();
});
afterAll(async () => {
  await agent.close();
  await world.close();
});

let addresses = 0;

/** Another address each time: one that fails often would not be listened to any more. */
function address(): string {
  addresses += 1;
  return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
}

/** The upstream's endpoints that no browser may reach. */
const CLOSED = /^\/(?:token|me|jwks|reg|request|backchannel|device\/auth)(?:$|\/)/;

/** What must hold after requests, however they were answered. */
function expectUnharmed(heads: readonly string[]): void {
  const { upstream, proxy } = world;
  const foreign = new RegExp(
    `//(?:localhost|127\\.0\\.0\\.1):${new URL(upstream.issuer).port}`,
    'i',
  );
  // Its front-channel logout frames us, and our page says so.
  const framed = `frame-ancestors 'self' ${new URL(upstream.issuer).origin}`;
  for (const head of heads.map((each) => each.replaceAll(framed, ''))) {
    expect(head, 'the upstream’s address').not.toMatch(foreign);
    expect(head, 'a header that a request made').not.toMatch(new RegExp(`^${INJECTED}:`, 'im'));
  }
  const wrong = proxy.log.filter(({ reason, level }) => reason === 'unexpected' || level === 50);
  expect(wrong, 'failures of our own').toEqual([]);
  const reached = upstream.requests.filter(({ method, url: { pathname } }) => {
    // The proxy itself reads the keys from time to time.
    return CLOSED.test(pathname) && !(method === 'GET' && pathname === '/jwks');
  });
  expect(reached.map(({ method, url }) => `${method} ${url.href}`)).toEqual([]);
  forget();
}

function forget(): void {
  world.upstream.requests.length = 0;
  (world.proxy.log as unknown[]).length = 0;
}

it(
  `${CHANGED} requests with changed bytes crash nothing, hang nowhere and reach no closed endpoint`,
  { timeout: 2 * HOUR },
  async () => {
    const random = seeded(SEED);
    for (let done = 0; done < CHANGED; done += BATCH) {
      const requests = Array.from({ length: BATCH }, () =>
        fuzzedRequest(templates, random, address()),
      );
      const answers: string[] = [];
      const queue = [...requests];
      const worker = async (): Promise<void> => {
        for (let bytes = queue.pop(); bytes !== undefined; bytes = queue.pop()) {
          const sent = bytes;
          answers.push(
            await sendAndEnd(port, sent).catch((cause: unknown) => {
              throw new Error(`seed ${SEED}: ${JSON.stringify(sent)}`, { cause });
            }),
          );
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      try {
        expectUnharmed(answers);
      } catch (error) {
        const where = `seed ${SEED}, requests from ${done}:\n${requests.map((each) => JSON.stringify(each)).join('\n')}`;
        throw new Error(where, { cause: error });
      }
    }
    await expectServing(world.proxy);
  },
);

it(
  `${TOTAL - CHANGED} well-formed requests with hostile parameters do neither`,
  { timeout: 2 * HOUR },
  async () => {
    const hostile = fc.array(hostileParameters(world), { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(
      fc.asyncProperty(hostile, async (requests) => {
        expectUnharmed(await Promise.all(requests.map(answerTo)));
      }),
      { numRuns: (TOTAL - CHANGED) / AT_ONCE, seed: SEED, endOnFailure: TOTAL > 20_000 },
    );
    await expectServing(world.proxy);
    await expect(vendorByHand(world, 'bolt').logIn(new Browser())).resolves.toBeDefined();
  },
);

/** The head and body of an answer, which is never a failure of ours. */
async function answerTo({ method, path, headers, body }: HostileRequest): Promise<string> {
  const answer = await send(`${world.proxy.issuer}${path}`, {
    ...{ method, dispatcher: agent },
    headers: { ...headers, 'x-forwarded-for': address() },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  expect(answer.statusCode).toBeLessThan(500);
  return `${JSON.stringify(answer.headers)}\n${text}`;
}
