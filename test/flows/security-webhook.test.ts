import { randomUUID } from 'node:crypto';

import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { SYSTEM } from '../../src/audit/by.ts';
import { appendAudit } from '../../src/audit/store.ts';
import { SecurityFeed } from '../../src/grants/security-feed.ts';
import { SecurityWebhook } from '../../src/protocol/security-webhook.ts';
import { KeyRing } from '../../src/signing/ring.ts';
import type { ExchangePool } from '../../src/upstream/exchange.ts';
import { createExchange } from '../../src/upstream/exchange.ts';
import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import type { EventReceiver } from '../support/event-receiver.ts';
import { answer, startEventReceiver } from '../support/event-receiver.ts';
import { operationContext, verifiedEvent } from '../support/events.ts';
import { scrape } from '../support/scrape.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const AUTHORIZATION = 'Bearer what-the-receiver-wants';
const URN = 'urn:pairwise-proxy:security-event:';

/* The operator's own systems are told of security events (RFC 8417, RFC 8935). */
describe('security events of a running proxy', () => {
  let receiver: EventReceiver;
  let world: World;
  beforeAll(async () => {
    receiver = await startEventReceiver();
    world = await createWorld(undefined, {
      environment: {
        SECURITY_WEBHOOK_URL: receiver.uri,
        SECURITY_WEBHOOK_AUTHORIZATION: AUTHORIZATION,
      },
    });
  });
  afterAll(async () => {
    await world.close();
    await receiver.close();
  });

  it('are pushed, signed by a published key, with neither a subject nor a token', async () => {
    const acme = vendorByHand(world, 'acme');
    const begun = await acme.begin(new Browser());
    const tokens = JSON.parse((await acme.redeem(begun)).body) as Record<string, unknown>;
    await acme.redeem(begun);
    const [push] = await receiver.received(1);
    expect(push?.headers).toMatchObject({
      authorization: AUTHORIZATION,
      'content-type': 'application/secevent+jwt',
    });
    const { issuer } = world.proxy;
    const { header, claims } = await verifiedEvent(issuer, receiver.origin, push?.token ?? '');
    expect(header).toMatchObject({ alg: 'RS256', typ: 'secevent+jwt' });
    expect(claims).toMatchObject({
      events: { [`${URN}code_replayed`]: { target: 'acme-web', endpoint: 'token' } },
    });
    expect(claims).not.toHaveProperty('sub');
    expect(claims).not.toHaveProperty('exp');
    const told = JSON.stringify(claims);
    const sub = String(decodeJwt(String(tokens['id_token'])).sub);
    const pieces = Object.values(tokens).flatMap((token) => String(token).split('.'));
    const telling = [...pieces, begun.code].filter((piece) => piece.length > 20);
    expect(['alice', sub, ...telling].filter((secret) => told.includes(secret))).toEqual([]);
  });
});

describe.each(['sqlite', 'mysql'] as const)('telling of security events, on %s', (dialect) => {
  let receiver: EventReceiver;
  let world: World;
  let pool: ExchangePool;
  let now: Date;
  const clock = () => now;

  beforeAll(async () => {
    receiver = await startEventReceiver();
    world = await createWorld(undefined, { dialect });
    pool = createExchange();
  });
  afterAll(async () => {
    await pool.close();
    await world.close();
    await receiver.close();
  });
  beforeEach(async () => {
    now = new Date();
    await world.database.db('event_streams').delete();
  });
  afterEach(() => {
    receiver.pushes.length = 0;
    receiver.answers.length = 0;
  });

  /** What one replica tells with; its rounds are begun by hand. */
  async function replica(): Promise<SecurityWebhook> {
    const context = operationContext(world.proxy, clock);
    const ring = await KeyRing.open(context, context.log);
    ring.close();
    return new SecurityWebhook({
      ...{ issuer: world.proxy.issuer, url: new URL(receiver.uri), authorization: undefined },
      ...{ exchange: pool.exchange, clock, log: { info: () => {}, warn: () => {} } },
      feed: new SecurityFeed(world.database.db, randomUUID()),
      signingKey: (algorithm) => ring.signingKey(algorithm),
    });
  }

  async function happened(target: string, at = now): Promise<void> {
    await world.database.db.transaction((trx) =>
      appendAudit(trx, { ...SYSTEM, act: 'security.code_replayed', target }, at),
    );
  }

  const toldOf = () =>
    receiver.pushes.map(({ token }) => {
      const { events, jti } = decodeJwt<{ events: Record<string, { target: string }> }>(token);
      return { jti, target: events[`${URN}code_replayed`]?.target };
    });

  function pass(seconds: number): void {
    now = new Date(now.getTime() + seconds * 1000);
  }

  it('begins with what happens from now on, keeps the order, and tells nothing twice', async () => {
    await happened('before');
    const webhook = await replica();
    await webhook.deliver();
    await happened('one');
    await happened('two');
    await webhook.deliver();
    await (await replica()).deliver();
    expect(toldOf().map(({ target }) => target)).toEqual(['one', 'two']);
  });

  it('is not told by two replicas at once', async () => {
    const replicas = [await replica(), await replica()];
    await replicas[0]?.deliver();
    for (let count = 0; count < 10; count += 1) await happened(`event-${count}`);
    await Promise.all(replicas.map((each) => each.deliver()));
    expect(toldOf()).toHaveLength(10);
    expect(new Set(toldOf().map(({ jti }) => jti)).size).toBe(10);
  });

  it('tries again after a while, with the same jti, also after a restart', async () => {
    const webhook = await replica();
    await webhook.deliver();
    await happened('one');
    receiver.answers.push(answer(500));
    await webhook.deliver();
    await webhook.deliver();
    expect(toldOf()).toHaveLength(1);
    pass(11);
    await (await replica()).deliver();
    const [first, second] = toldOf();
    expect(second).toEqual(first);
    expect(toldOf()).toHaveLength(2);
  });

  it('gives an event up that is never taken, says so, and goes on with the next', async () => {
    const webhook = await replica();
    await webhook.deliver();
    await happened('unwanted');
    await happened('wanted');
    receiver.answers.push(answer(400), answer(400), answer(400));
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await webhook.deliver();
      pass(3601);
    }
    expect(toldOf().map(({ target }) => target)).toEqual([
      ...['unwanted', 'unwanted', 'unwanted'],
      'wanted',
    ]);
    const abandoned: unknown = await world.database
      .db('audit_log')
      .where({ act: 'event.abandoned' })
      .first();
    expect(abandoned).toMatchObject({ target: Buffer.from('security') });
  });

  it('passes over what is older than a week', async () => {
    const webhook = await replica();
    await webhook.deliver();
    await happened('old', new Date(now.getTime() - 8 * 86_400_000));
    await happened('new');
    await webhook.deliver();
    expect(toldOf().map(({ target }) => target)).toEqual(['new']);
  });

  it('does not stand among the receivers of vendors in the metrics', async () => {
    const webhook = await replica();
    await webhook.deliver();
    await happened('one');
    receiver.answers.push(answer(500));
    await webhook.deliver();
    const metrics = await scrape(world.proxy.adminUrl);
    expect(metrics.get('pairwise_event_receivers_failing')).toBe(0);
    expect(metrics.get('pairwise_deliveries_waiting{queue="events"}')).toBe(0);
  });
});
