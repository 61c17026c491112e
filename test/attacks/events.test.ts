/*
 * The attacks: a vendor asks for the events of another, takes them away from it, or counts
 * its users by them; it names an address for its events that only the proxy can reach, so
 * that the proxy asks its own network (and carries a header of the attacker's choice there);
 * and it asks in ways that were not thought of.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { changeClient } from '../../src/vendors/edit.ts';
import { parseClientEntry } from '../../src/vendors/entries.ts';
import type { EventReceiver } from '../support/event-receiver.ts';
import { startEventReceiver } from '../support/event-receiver.ts';
import { recordSubjectChanges } from '../../src/subjects/changed.ts';
import { basic, operationContext, poll, rotate, subjectAt } from '../support/events.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';

let inner: EventReceiver;
let world: World;
beforeAll(async () => {
  inner = await startEventReceiver();
  const push = {
    ...{ delivery: 'push', endpoint_url: inner.uri },
    authorization_header: 'Bearer of-the-attacker',
  };
  world = await createWorld([
    { id: 'acme', client: { sector: 'acme', events: { delivery: 'poll' } } },
    { id: 'bolt', client: { sector: 'bolt', events: { delivery: 'poll' } } },
    { id: 'core', client: { sector: 'core', events: push } },
    {
      id: 'dusk',
      client: { sector: 'dusk', events: { delivery: 'poll' } },
      authentication: 'public',
    },
    { id: 'ever', client: { sector: 'ever' } },
    { id: 'fern', client: { sector: 'fern', events: { delivery: 'poll' } } },
    {
      id: 'gale',
      client: { sector: 'gale', events: { delivery: 'poll' } },
      authentication: 'forwarded',
    },
  ]);
});
afterAll(async () => {
  await world.close();
  await inner.close();
});

const stream = (vendor: string) =>
  world.database
    .db('event_streams')
    .where({ id: Buffer.from(`client:${vendor}-web`) })
    .first();

describe('a vendor that polls', () => {
  it('sees and takes away nothing of another vendor’s', async () => {
    const { issuer } = world.proxy;
    await subjectAt(world, 'acme', 'alice');
    await rotate(world.proxy, 'acme', 'alice');
    const [jti = ''] = Object.keys((await poll(issuer, 'acme')).body.sets ?? {});
    expect(jti).not.toBe('');

    expect((await poll(issuer, 'bolt')).body).toEqual({ sets: {} });
    const setErrs = { [jti]: { err: 'invalid_request' } };
    expect((await poll(issuer, 'bolt', { ack: [jti], setErrs })).body).toEqual({ sets: {} });
    expect(Object.keys((await poll(issuer, 'acme')).body.sets ?? {})).toEqual([jti]);
    expect(await stream('bolt')).toMatchObject({ delivered: 0, abandoned: 0 });
  });

  it('gains nothing from acknowledging twice, or what never was', async () => {
    const { issuer } = world.proxy;
    const [jti = ''] = Object.keys((await poll(issuer, 'acme')).body.sets ?? {});
    await rotate(world.proxy, 'acme', 'alice');
    for (const ack of [[jti], [jti, jti], ['made-up', ''], [jti]]) {
      const { status, body } = await poll(issuer, 'acme', { ack });
      expect([status, Object.keys(body.sets ?? {}).length]).toEqual([200, 1]);
    }
    expect(await stream('acme')).toMatchObject({ delivered: 1, abandoned: 0 });
  });

  it('gets nothing for a secret that was taken from it while it waited', async () => {
    const { issuer, application } = world.proxy;
    await subjectAt(world, 'fern', 'alice');
    const waiting = poll(issuer, 'fern', { returnImmediately: false });
    await expect.poll(() => stream('fern'), { timeout: 5000 }).toBeDefined();
    const entry = {
      members: { client_secret: 'another-secret-of-fern-0123456789' },
      sources: { env: () => undefined, file: () => '' },
    };
    const context = operationContext(world.proxy);
    const how = { actor: 'cli:test', at: new Date(), sectorChange: 'refused' } as const;
    await changeClient(context, 'fern-web', entry, how);
    await application.registry.refresh();
    await rotate(world.proxy, 'fern', 'alice');
    expect((await waiting).body).toEqual({ sets: {} });
  }, 20_000);

  it.each([
    ['a wrong secret', basic('acme-web', 'wrong'), 401, 'invalid_client'],
    ['the secret of another', basic('acme-web', vendorSecret('bolt')), 401, 'invalid_client'],
    ['no credential', '', 401, 'invalid_client'],
    ['a bearer token', 'Bearer abc', 401, 'invalid_client'],
    ['a client without events', basic('ever-web', vendorSecret('ever')), 403, 'access_denied'],
    ['a client that is pushed to', basic('core-web', vendorSecret('core')), 403, 'access_denied'],
  ])('is refused with %s', async (_name, authorization, status, error) => {
    const answer = await poll(world.proxy.issuer, 'acme', {}, authorization);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.body).not.toHaveProperty('sets');
  });

  it('is refused as a public client, which anybody can be', async () => {
    const answer = await poll(world.proxy.issuer, 'dusk', { client_id: 'dusk-web' }, '');
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('whose credential the provider judges is refused by its word, and where it has none', async () => {
    const { proxy, upstream } = world;
    const ask = async (secret: string) => {
      const answer = await poll(proxy.issuer, 'gale', {}, basic('legacy-gale', secret));
      return [answer.status, answer.body.error];
    };
    expect(await ask(upstreamSecret('gale'))).toEqual([200, undefined]);
    expect(await ask('wrong')).toEqual([401, 'invalid_client']);
    upstream.faults.arm('discovery', withMembers({ introspection_endpoint: undefined }));
    await proxy.application.upstream.recheck();
    expect(await ask(upstreamSecret('gale'))).toEqual([401, 'invalid_client']);
    upstream.faults.clear();
    await proxy.application.upstream.recheck();
  });

  it('learns nothing of users whom it does not know, however many were changed', async () => {
    const { proxy, database } = world;
    const { issuer } = proxy;
    const others = async (): Promise<void> => {
      const at = new Date();
      const users = Array.from({ length: 501 }, (_, n) => {
        const userIndex = Buffer.alloc(32);
        userIndex.write(`other-${at.getTime()}-${n}`);
        return { userIndex, oldSub: `old-${n}`, newSub: `new-${n}`, sector: 'acme' };
      });
      const graceUntil = new Date(at.getTime() + 3_600_000);
      await database.db.transaction((trx) =>
        recordSubjectChanges(
          trx,
          users.map((user) => ({ ...user, at, graceUntil })),
        ),
      );
    };
    await poll(issuer, 'acme', { ack: Object.keys((await poll(issuer, 'acme')).body.sets ?? {}) });
    await others();
    await rotate(proxy, 'acme', 'alice');
    await others();
    const [jti = ''] = Object.keys((await poll(issuer, 'acme', { maxEvents: 1 })).body.sets ?? {});
    expect(jti).not.toBe('');
    // What follows an event that is open is not noted for it one by one.
    const still = await poll(issuer, 'acme', { ack: ['made-up'] });
    expect(Object.keys(still.body.sets ?? {})).toEqual([jti]);
    expect(await database.db('event_acks').select()).toEqual([]);
    expect((await poll(issuer, 'acme', { ack: [jti] })).body).toEqual({ sets: {} });
  });

  it('may have its credential in the body, and not in two places', async () => {
    const { issuer } = world.proxy;
    const credential = { client_id: 'acme-web', client_secret: vendorSecret('acme') };
    // Registered for the header; where the proxy judges, either will do (RFC 6749 2.3.1).
    expect((await poll(issuer, 'acme', credential, '')).status).toBe(200);
    expect((await poll(issuer, 'acme', credential)).status).toBe(400);
  });

  it.each([
    ['[]'],
    ['null'],
    ['{'],
    ['{"ack":"x"}'],
    ['{"ack":[1]}'],
    ['{"maxEvents":-1}'],
    ['{"maxEvents":"5"}'],
    ['{"returnImmediately":"yes"}'],
    ['{"setErrs":[]}'],
    ['{"client_id":["acme-web"]}'],
    [JSON.stringify({ ack: Array.from({ length: 1001 }, () => 'x') })],
  ])('is told that this is no poll: %s', async (body) => {
    const authorization = basic('acme-web', vendorSecret('acme'));
    const headers = { 'content-type': 'application/json', authorization };
    const answer = await fetch(`${world.proxy.issuer}/oidc/events`, {
      ...{ method: 'POST', headers, body },
    });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([
      ...[400, 'invalid_request'],
    ]);
  });

  it('is told of another method and another type of body', async () => {
    const address = `${world.proxy.issuer}/oidc/events`;
    expect((await fetch(address)).status).toBe(405);
    const authorization = basic('acme-web', vendorSecret('acme'));
    const body = new URLSearchParams({ maxEvents: '1' });
    const form = await fetch(address, { method: 'POST', headers: { authorization }, body });
    expect(form.status).toBe(400);
  });
});

describe('an address that a vendor names for its events', () => {
  it('is not asked where it is not public, whatever it would say', async () => {
    await subjectAt(world, 'core', 'alice');
    await rotate(world.proxy, 'core', 'alice');
    await expect
      .poll(() => stream('core'), { timeout: 10_000 })
      .toMatchObject({ failures: 1, delivered: 0 });
    expect(String((await stream('core')).last_failure)).toBe('the address is not public');
    expect(inner.pushes).toEqual([]);
    const warned = world.proxy.log.find(({ msg }) => msg === 'event not delivered');
    expect(warned).toMatchObject({ client: 'core-web', why: 'the address is not public' });
  });

  it.each([
    ['http://receiver.example/events'],
    ['https://user:secret@receiver.example/events'],
    ['https://receiver.example/events#here'],
    ['ftp://receiver.example/events'],
    ['/events'],
    ['file:///etc/passwd'],
  ])('is refused when it is registered as %s', (endpoint) => {
    const parsed = parseClientEntry({
      ...{ client_id: 'x', redirect_uris: ['https://x.example/callback'] },
      events: { delivery: 'push', endpoint_url: endpoint },
    });
    expect(parsed.success).toBe(false);
  });

  it.each([['Bearer a\r\nhost: inner'], ['Bearer \u00e4'], [' '], ['x'.repeat(1001)]])(
    'takes no header that would be another request: %j',
    (header) => {
      const parsed = parseClientEntry({
        ...{ client_id: 'x', redirect_uris: ['https://x.example/callback'] },
        events: {
          ...{ delivery: 'push', endpoint_url: 'https://receiver.example/events' },
          authorization_header: header,
        },
      });
      expect(parsed.success).toBe(false);
    },
  );
});
