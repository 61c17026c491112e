/*
 * More requests than can be answered in time: an endpoint keeps a bounded number in hand,
 * tells the others at once when to come again, and other endpoints do not notice.
 */
import express from 'express';
import { Agent, request } from 'undici';
import { afterEach, expect, it } from 'vitest';

import { admission } from '../../../src/http/admission.ts';
import { onError } from '../../../src/http/request-context.ts';
import type { Listening } from '../../support/listen.ts';
import { listen } from '../../support/listen.ts';

/** See src/http/admission.ts. */
const MOST_AT_ONCE = 500;
const AGAINST = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

let server: Listening | undefined;
const agent = new Agent({ headersTimeout: 0 });
afterEach(async () => {
  await agent.destroy();
  await server?.close();
});

it('an endpoint answers what it has in hand, and refuses at once what is beyond', async () => {
  const gate = Promise.withResolvers<void>();
  const full = Promise.withResolvers<void>();
  let inHand = 0;
  const app = express();
  app.use((_request, response, next) => {
    response.locals['log'] = AGAINST;
    next();
  });
  app.get('/slow', admission(), async (_request, response) => {
    inHand += 1;
    if (inHand === MOST_AT_ONCE) full.resolve();
    await gate.promise;
    response.end('answered');
  });
  app.get('/other', admission(), (_request, response) => void response.end('answered'));
  app.use(onError);
  server = await listen((asked, response) => app(asked, response));
  const base = `http://127.0.0.1:${server.port}`;
  const ask = async (
    path: string,
  ): Promise<{ status: number; retryAfter: unknown; body: string }> => {
    const answer = await request(`${base}${path}`, { dispatcher: agent });
    const retryAfter = answer.headers['retry-after'];
    return { status: answer.statusCode, retryAfter, body: await answer.body.text() };
  };

  const taken = Array.from({ length: MOST_AT_ONCE }, () => ask('/slow'));
  await full.promise;
  for (let more = 0; more < 20; more += 1) {
    const refused = await ask('/slow');
    expect(refused).toMatchObject({ status: 503, retryAfter: '5' });
    expect(refused.body).toContain('temporarily_unavailable');
  }
  expect(await ask('/other')).toMatchObject({ status: 200 });
  gate.resolve();
  const statuses = (await Promise.all(taken)).map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: MOST_AT_ONCE }, () => 200));
  expect(await ask('/slow'), 'at once, afterwards').toMatchObject({ status: 200 });
});

it('a client that leaves makes room', async () => {
  let inHand = 0;
  const app = express();
  app.use((_request, response, next) => {
    response.locals['log'] = AGAINST;
    next();
  });
  app.get('/', admission(), () => void (inHand += 1));
  app.use(onError);
  server = await listen((asked, response) => app(asked, response));
  const address = `http://127.0.0.1:${server.port}/`;
  const leaving = new AbortController();
  const asked = Array.from({ length: MOST_AT_ONCE }, () =>
    request(address, { signal: leaving.signal }).catch(() => undefined),
  );
  while (inHand < MOST_AT_ONCE) await new Promise(setImmediate);
  leaving.abort();
  await Promise.all(asked);
  const next = new AbortController();
  const again = async (): Promise<void> => {
    // The server hears of it a little later.
    while (inHand === MOST_AT_ONCE) {
      void request(address, { signal: next.signal }).catch(() => undefined);
      await new Promise(setImmediate);
    }
  };
  await again();
  next.abort();
});
