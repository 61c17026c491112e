import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { clientEvents, repeatEvents } from '../../src/operations/client-events.ts';
import { rolloutSet } from '../../src/vendors/rollout.ts';
import type { EventReceiver } from '../support/event-receiver.ts';
import { answer, startEventReceiver } from '../support/event-receiver.ts';
import {
  IDENTIFIER_CHANGED,
  operationContext,
  poll,
  rotate,
  subjectAt,
  verifiedEvent,
} from '../support/events.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/*
 * A vendor whose user was given another subject is told which one took the place of which:
 * pushed to its address (RFC 8935), or in the feed that it polls (RFC 8936).
 */
describe.each(['sqlite', 'mysql'] as const)('events about changed subjects, on %s', (dialect) => {
  const AUTHORIZATION = 'Bearer what-the-receiver-wants';
  let receiver: EventReceiver;
  let world: World;
  beforeAll(async () => {
    receiver = await startEventReceiver();
    const events = { delivery: 'push', endpoint_url: receiver.uri };
    const sector = (name: string) => ({ sector: name });
    world = await createWorld(
      [
        {
          id: 'acme',
          client: { ...sector('acme'), events: { ...events, authorization_header: AUTHORIZATION } },
        },
        { id: 'bolt', client: { ...sector('bolt'), events: { delivery: 'poll' } } },
        { id: 'core', client: { ...sector('core') } },
      ],
      { dialect, environment: { OUTBOUND_PRIVATE_ORIGINS: receiver.origin } },
    );
  });
  afterAll(async () => {
    await world.close();
    await receiver.close();
  });
  afterEach(() => {
    receiver.pushes.length = 0;
  });

  const stream = (vendor: string) =>
    world.database
      .db('event_streams')
      .where({ id: Buffer.from(`client:${vendor}-web`) })
      .first();

  it('are pushed, signed by a published key, and name the old subject and the new one', async () => {
    const old = await subjectAt(world, 'acme', 'alice');
    const before = Math.floor(Date.now() / 1000);
    const { newSub } = await rotate(world.proxy, 'acme', 'alice');

    const [push] = await receiver.received(1);
    expect(push?.headers).toMatchObject({
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      authorization: AUTHORIZATION,
    });
    const { issuer } = world.proxy;
    const { header, claims } = await verifiedEvent(issuer, 'acme-web', push?.token ?? '');
    expect(header).toEqual({ alg: 'RS256', typ: 'secevent+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      ...{ iss: issuer, aud: 'acme-web', iat: expect.any(Number), jti: expect.any(String) },
      sub_id: { format: 'iss_sub', iss: issuer, sub: old },
      events: { [IDENTIFIER_CHANGED]: { 'new-value': newSub } },
    });
    expect(claims.iat).toBeGreaterThanOrEqual(before);
    expect(await subjectAt(world, 'acme', 'alice')).toBe(newSub);
  });

  it('wait for a receiver that fails, and are the same ones then', async () => {
    receiver.answers.push(answer(503));
    const old = await subjectAt(world, 'acme', 'bob');
    await rotate(world.proxy, 'acme', 'bob');
    const [first] = await receiver.received(1);
    await expect.poll(() => stream('acme')).toMatchObject({ failures: 1, tries: 1 });
    // Nobody waits for minutes here.
    await world.database.db('event_streams').update({ due_at: 0 });
    const [, second] = await receiver.received(2);
    const { issuer } = world.proxy;
    const one = await verifiedEvent(issuer, 'acme-web', first?.token ?? '');
    const other = await verifiedEvent(issuer, 'acme-web', second?.token ?? '');
    expect(other.claims.jti).toBe(one.claims.jti);
    expect(other.claims['sub_id']).toMatchObject({ sub: old });
    await expect.poll(() => stream('acme')).toMatchObject({ failures: 0, tries: 0 });
  });

  it('are polled, in the order of the changes, until they are acknowledged', async () => {
    const { issuer } = world.proxy;
    const old = await subjectAt(world, 'bolt', 'alice');
    const { newSub } = await rotate(world.proxy, 'bolt', 'alice');
    const { newSub: newest } = await rotate(world.proxy, 'bolt', 'alice');

    const first = await poll(issuer, 'bolt', { maxEvents: 1 });
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first).toMatchObject({ status: 200, body: { moreAvailable: true } });
    expect(Object.keys(first.body.sets ?? {})).toHaveLength(1);
    const both = await poll(issuer, 'bolt');
    const tokens = Object.entries(both.body.sets ?? {});
    expect(both.body).not.toHaveProperty('moreAvailable');
    const told = [];
    for (const [jti, token] of tokens) {
      const { claims } = await verifiedEvent(issuer, 'bolt-web', token);
      expect(claims.jti).toBe(jti);
      told.push([claims['sub_id'], claims['events']]);
    }
    const subject = (sub: string) => ({ format: 'iss_sub', iss: issuer, sub });
    expect(told).toEqual([
      [subject(old), { [IDENTIFIER_CHANGED]: { 'new-value': newSub } }],
      [subject(newSub), { [IDENTIFIER_CHANGED]: { 'new-value': newest } }],
    ]);

    // The later one first.
    const [one = '', two = ''] = tokens.map(([jti]) => jti);
    const rest = await poll(issuer, 'bolt', { ack: [two] });
    expect(Object.keys(rest.body.sets ?? {})).toEqual([one]);
    expect((await poll(issuer, 'bolt', { ack: [one] })).body).toEqual({ sets: {} });
    expect(await stream('bolt')).toMatchObject({ delivered: 2, abandoned: 0 });
    expect(await world.database.db('event_acks').select()).toEqual([]);
  });

  it('that a receiver cannot use are not shown again, and counted', async () => {
    const { issuer } = world.proxy;
    await subjectAt(world, 'bolt', 'bob');
    await rotate(world.proxy, 'bolt', 'bob');
    const [jti = ''] = Object.keys((await poll(issuer, 'bolt')).body.sets ?? {});
    const setErrs = { [jti]: { err: 'invalid_key', description: 'what for' } };
    expect((await poll(issuer, 'bolt', { setErrs })).body).toEqual({ sets: {} });
    expect(await stream('bolt')).toMatchObject({ abandoned: 1 });
    const row = await world.database.db('audit_log').where({ act: 'event.abandoned' }).first();
    const details: unknown = JSON.parse(String(row.details));
    expect(details).toEqual({ jti, why: 'the receiver said invalid_key', attempts: 1 });
  });

  it('are waited for by a poll that does not ask for an answer at once', async () => {
    const { issuer } = world.proxy;
    await subjectAt(world, 'bolt', 'alice');
    const waiting = poll(issuer, 'bolt', { returnImmediately: false });
    await rotate(world.proxy, 'bolt', 'alice');
    const sets = Object.keys((await waiting).body.sets ?? {});
    expect(sets).toHaveLength(1);
    await poll(issuer, 'bolt', { ack: sets });
  });

  it('are waited for by two polls of a client at most, so that it cannot hold many', async () => {
    const { issuer } = world.proxy;
    await subjectAt(world, 'bolt', 'alice');
    const polls = Array.from({ length: 3 }, () =>
      poll(issuer, 'bolt', { returnImmediately: false }),
    );
    expect((await Promise.race(polls)).body).toEqual({ sets: {} });
    await rotate(world.proxy, 'bolt', 'alice');
    const told = (await Promise.all(polls)).map(({ body }) => Object.keys(body.sets ?? {}));
    expect(told.filter(({ length }) => length === 1)).toHaveLength(2);
    await poll(issuer, 'bolt', { ack: told.flat() });
  });

  it('stay until the next poll where one wants to acknowledge and be told of none', async () => {
    const { issuer } = world.proxy;
    await subjectAt(world, 'bolt', 'alice');
    await rotate(world.proxy, 'bolt', 'alice');
    await rotate(world.proxy, 'bolt', 'alice');
    const [one = '', other = ''] = Object.keys((await poll(issuer, 'bolt')).body.sets ?? {});
    const asked = { maxEvents: 0, returnImmediately: false };
    expect((await poll(issuer, 'bolt', { ...asked, ack: [one] })).body).toEqual({ sets: {} });
    const rest = await poll(issuer, 'bolt');
    expect(Object.keys(rest.body.sets ?? {})).toEqual([other]);
    await poll(issuer, 'bolt', { ack: [other] });
  });

  it('wait while the client is served no pseudonyms, and come when it is again', async () => {
    const { issuer, rollout, application } = world.proxy;
    await subjectAt(world, 'bolt', 'bob');
    await rolloutSet(rollout, { clientId: 'bolt-web', phase: 'shadow', actor: 'test' });
    await application.registry.refresh();
    await rotate(world.proxy, 'bolt', 'bob');
    expect((await poll(issuer, 'bolt')).body).toEqual({ sets: {} });
    await rolloutSet(rollout, { clientId: 'bolt-web', phase: 'pairwise', actor: 'test' });
    await application.registry.refresh();
    const sets = Object.keys((await poll(issuer, 'bolt')).body.sets ?? {});
    expect(sets).toHaveLength(1);
    await poll(issuer, 'bolt', { ack: sets });
  });

  it('are counted for the operator, who can have them told again', async () => {
    const { issuer } = world.proxy;
    const context = operationContext(world.proxy);
    await subjectAt(world, 'bolt', 'alice');
    await rotate(world.proxy, 'bolt', 'alice');
    const before = await clientEvents(context, 'bolt-web');
    expect(before).toMatchObject({
      delivery: 'poll',
      pending: 1,
      abandoned: 1,
      next_attempt: null,
    });
    const sets = Object.keys((await poll(issuer, 'bolt')).body.sets ?? {});
    await poll(issuer, 'bolt', { ack: sets });
    const { delivered } = before;
    expect(await clientEvents(context, 'bolt-web')).toMatchObject({
      ...{ pending: 0, delivered: delivered + 1 },
    });

    await repeatEvents(context, 'bolt-web', { actor: 'cli:test' });
    const changes = await world.database
      .db('subject_changes')
      .where({ sector: Buffer.from('bolt') });
    expect(await clientEvents(context, 'bolt-web')).toMatchObject({ pending: changes.length });
    const again = Object.keys((await poll(issuer, 'bolt')).body.sets ?? {});
    expect(again).toHaveLength(changes.length);
    expect(again).toEqual(expect.arrayContaining(sets));
    await poll(issuer, 'bolt', { ack: again });

    const nothing = { delivery: null, endpoint_url: null, pending: 0, delivered: 0 };
    expect(await clientEvents(context, 'core-web')).toMatchObject(nothing);
    await expect(repeatEvents(context, 'core-web', { actor: 'cli:test' })).rejects.toThrow(/told/);
  });

  it('stand in the audit log by number, and nowhere by subject', async () => {
    const rows = await world.database.db('audit_log').where({ act: 'events.delivered' });
    const targets = new Set(rows.map((row) => `${row.actor} ${row.target}`));
    expect(targets).toEqual(new Set(['system acme-web', 'client:bolt-web bolt-web']));
    const subjects = await world.database.db('pseudonyms').select('sub');
    const log = JSON.stringify(world.proxy.log);
    const audit = JSON.stringify(rows.map((row) => String(row.details)));
    for (const { sub } of subjects) expect(log + audit).not.toContain(String(sub));
  });
});
