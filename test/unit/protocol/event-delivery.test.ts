import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { recordSubjectChanges } from '../../../src/subjects/changed.ts';
import { SubjectEvents } from '../../../src/grants/subject-events.ts';
import { EventCourier } from '../../../src/protocol/event-delivery.ts';
import { generateSigningKey, importSigningKey } from '../../../src/tokens/signing-keys.ts';
import type { SigningKey } from '../../../src/tokens/signing-keys.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import type { ExchangePool } from '../../../src/upstream/exchange.ts';
import type { Client } from '../../../src/vendors/client.ts';
import type { TestDatabase } from '../../support/database.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import type { EventReceiver } from '../../support/event-receiver.ts';
import { answer, startEventReceiver } from '../../support/event-receiver.ts';
import { clientIn } from '../subjects/replica.ts';

/*
 * A receiver that is away is told again, less and less often; one that says no is asked a
 * few times and then passed by; none of it holds up other receivers, is lost with the
 * process that sent, or is sent by two replicas at once.
 */
describeOnEachDialect('events on their way', (open) => {
  const GRACE = 90 * 24 * 3600 * 1000;
  let database: TestDatabase;
  let receiver: EventReceiver;
  let other: EventReceiver;
  let pool: ExchangePool;
  let impatient: ExchangePool;
  let key: SigningKey;
  let now = new Date('2030-01-01T00:00:00.000Z');
  const clients = new Map<string, Client>();
  /** Users whose all was ended, by where the change log stands then. */
  const ended = new Set<string>();
  let change = 1;
  const said: Record<string, unknown>[] = [];
  /** How often somebody looked at what waits. */
  let looks = 0;

  beforeAll(async () => {
    receiver = await startEventReceiver();
    other = await startEventReceiver();
    pool = createExchange({ timeoutMilliseconds: 30_000, maxBytes: 1024 });
    impatient = createExchange({ timeoutMilliseconds: 300, maxBytes: 1024 });
    const imported = await importSigningKey(await generateSigningKey('ES256', now));
    if (!imported.ok) throw new Error(imported.reason);
    key = imported.value;
  });
  afterAll(async () => {
    await pool.close();
    await impatient.close();
    await receiver.close();
    await other.close();
  });
  beforeEach(async () => {
    database = await open.fresh();
    clients.clear();
    ended.clear();
    register('acme', receiver.uri);
  });
  afterEach(() => {
    for (const { pushes, answers } of [receiver, other]) {
      pushes.length = 0;
      answers.length = 0;
    }
    said.length = 0;
  });

  function register(id: string, endpoint: string): void {
    const { metadata, ...rest } = clientIn(`${id}.example`);
    const events = { delivery: 'push', endpoint_url: endpoint } as const;
    clients.set(id, { ...rest, clientId: id, metadata: { ...metadata, events } });
  }

  function courier({ exchange } = pool): EventCourier {
    const note = (fields: unknown): void => void said.push(fields as Record<string, unknown>);
    return new EventCourier({
      ...{ issuer: 'http://localhost', claimsRoot: Buffer.alloc(32, 6), exchange },
      clients: {
        clients: () => {
          looks += 1;
          return [...clients.values()];
        },
        find: (id) => clients.get(id),
        isEnded: (user, at) => ended.has(Buffer.from(user).toString('hex')) && at < change,
        get change() {
          return change;
        },
      },
      events: new SubjectEvents(database.db),
      ...{ signingKey: () => key, clock: () => now, log: { info: note, warn: note } },
    });
  }

  /** Users of a client's sector get other subjects: `PREFIX-old-N` becomes `PREFIX-new-N`. */
  async function changed(id: string, count = 1, prefix = id): Promise<void> {
    const sector = `${id}.example`;
    const users = Array.from({ length: count }, (_, n) => {
      const userIndex = Buffer.alloc(32);
      userIndex.write(`${prefix}${n}`);
      return { userIndex, oldSub: `${prefix}-old-${n}`, newSub: `${prefix}-new-${n}` };
    });
    const graceUntil = new Date(now.getTime() + GRACE);
    for (let from = 0; from < count; from += 100) {
      const some = users.slice(from, from + 100);
      await database.db('pseudonyms').insert(
        some.map(({ userIndex, oldSub }) => ({
          ...{ sector: Buffer.from(sector), user_index: userIndex, generation: 1 },
          ...{ sub: Buffer.from(oldSub), local_subject: Buffer.alloc(1), salt_version: 1 },
          ...{ algorithm: 'random', created_at: 1, retired_at: 1, grace_until: 2 ** 50 },
        })),
      );
      await database.db('given_subjects').insert(
        some.map(({ userIndex }) => ({
          ...{ client_id: Buffer.from(id), sector: Buffer.from(sector) },
          ...{ user_index: userIndex, generation: 1 },
        })),
      );
    }
    await database.db.transaction((trx) =>
      recordSubjectChanges(
        trx,
        users.map((user) => ({ ...user, sector, at: now, graceUntil })),
      ),
    );
  }

  const stream = (id: string) =>
    database
      .db('event_streams')
      .where({ id: Buffer.from(`client:${id}`) })
      .first();
  const subjects = ({ pushes }: EventReceiver) =>
    pushes.map(({ token }) => (decodeJwt(token)['sub_id'] as { sub: string }).sub);
  const later = (seconds: number): void => {
    now = new Date(now.getTime() + seconds * 1000);
  };

  it('are sent once each, in their order', async () => {
    await changed('acme', 30);
    await courier().deliver();
    await courier().deliver();
    expect(subjects(receiver)).toEqual(Array.from({ length: 30 }, (_, n) => `acme-old-${n}`));
    expect(await stream('acme')).toMatchObject({ failures: 0 });
    expect(Number((await stream('acme')).delivered)).toBe(30);
    expect(said).toEqual([{ client: 'acme', delivered: 30 }]);
  });

  it('stay here once their client is told of no more, also in the middle of many', async () => {
    await changed('acme', 5);
    receiver.answers.push((response) => {
      clients.delete('acme');
      response.writeHead(202).end();
    });
    await courier().deliver();
    expect(subjects(receiver)).toEqual(['acme-old-0']);
  });

  it('go where the client takes them now, also in the middle of many', async () => {
    await changed('acme', 3);
    receiver.answers.push((response) => {
      register('acme', other.uri);
      response.writeHead(202).end();
    });
    await courier().deliver();
    expect(subjects(receiver)).toEqual(['acme-old-0']);
    expect(subjects(other)).toEqual(['acme-old-1', 'acme-old-2']);
  });

  it('say no more of a user who was erased meanwhile, and miss nobody else', async () => {
    await changed('acme', 4);
    const erased = Buffer.alloc(32);
    erased.write('acme2');
    const erase = async (): Promise<void> => {
      await database.db('subject_changes').where({ user_index: erased }).del();
      change += 1;
      ended.add(erased.toString('hex'));
    };
    receiver.answers.push((response) => void erase().finally(() => response.writeHead(202).end()));
    await courier().deliver();
    expect(subjects(receiver)).toEqual(['acme-old-0', 'acme-old-1', 'acme-old-3']);
  });

  it('are tried again after longer and longer, as the same event', async () => {
    await changed('acme');
    const waits = [10, 30, 120, 600, 1800, 3600, 3600];
    for (const wait of waits) {
      receiver.answers.push(answer(503));
      await courier().deliver();
      later(wait - 1);
      await courier().deliver();
      later(1);
    }
    await courier().deliver();
    expect(receiver.pushes).toHaveLength(waits.length + 1);
    expect(new Set(receiver.pushes.map(({ token }) => decodeJwt(token).jti)).size).toBe(1);
    expect(await stream('acme')).toMatchObject({ failures: 0, tries: 0, last_failure: null });
  });

  it('are given up after twelve failures, and the next one has its turn', async () => {
    await changed('acme', 2);
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      receiver.answers.push(answer(500));
      await courier().deliver();
      later(3600);
    }
    await courier().deliver();
    expect(subjects(receiver).slice(-2)).toEqual(['acme-old-0', 'acme-old-1']);
    expect(await stream('acme')).toMatchObject({ failures: 0 });
    const given = await database.db('audit_log').where({ act: 'event.abandoned' }).select();
    expect(given.map((row) => JSON.parse(String(row.details)) as unknown)).toEqual([
      { jti: decodeJwt(receiver.pushes[0]?.token ?? '').jti, why: 'status 500', attempts: 12 },
    ]);
  });

  it('that a receiver does not want are given up sooner', async () => {
    await changed('acme', 2);
    const refusal = answer(400, JSON.stringify({ err: 'invalid_request', description: 'no' }));
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      receiver.answers.push(refusal);
      await courier().deliver();
      expect(String((await stream('acme')).last_failure)).toBe('status 400: invalid_request');
      later(3600);
    }
    await courier().deliver();
    expect(subjects(receiver)).toEqual([...Array(3).fill('acme-old-0'), 'acme-old-1']);
  });

  it.each([
    ['a redirect', 'upstream_redirect'],
    ['no answer at all', 'upstream_timeout'],
    ['half an answer', 'upstream_timeout'],
    ['a cut connection', 'upstream_unavailable'],
    ['too much', 'upstream_too_large'],
    ['an encoding that nobody knows', 'upstream_encoding'],
    ['garbage for an error', 'status 400'],
    ['an error that is a sentence', 'status 400'],
  ])('are not taken for delivered after %s', async (kind, why) => {
    const answers: Record<string, EventReceiver['answers'][number]> = {
      'a redirect': (response) => void response.writeHead(302, { location: other.uri }).end(),
      'no answer at all': () => undefined,
      'half an answer': (response) => void response.writeHead(202).write('{'),
      'a cut connection': (response) => void response.destroy(),
      'too much': answer(202, 'x'.repeat(2000)),
      'an encoding that nobody knows': (response) =>
        void response.writeHead(202, { 'content-encoding': 'rot13' }).end('x'),
      'garbage for an error': answer(400, '<html>alice@acme.example</html>', 'text/html'),
      'an error that is a sentence': answer(400, JSON.stringify({ err: 'who is Alice?' })),
    };
    receiver.answers.push(answers[kind] ?? answer(500));
    await changed('acme');
    await courier(why === 'upstream_timeout' ? impatient : pool).deliver();
    expect(other.pushes).toEqual([]);
    expect(String((await stream('acme')).last_failure)).toBe(why);
    expect(JSON.stringify(said)).not.toMatch(/alice/i);
    later(10);
    await courier().deliver();
    expect(await stream('acme')).toMatchObject({ failures: 0 });
  });

  it('for one receiver do not wait for another', async () => {
    register('bolt', other.uri);
    await changed('acme');
    await changed('bolt', 3);
    receiver.answers.push((response) => {
      void other.received(3).then(() => response.writeHead(202).end());
    });
    await courier().deliver();
    expect(subjects(other)).toHaveLength(3);
    expect(await stream('acme')).toMatchObject({ failures: 0 });
  });

  it('are sent by one of several replicas', async () => {
    await changed('acme', 50);
    const replicas = Array.from({ length: 4 }, courier);
    await Promise.all(replicas.map((each) => each.deliver()));
    expect(subjects(receiver).toSorted()).toEqual([...new Set(subjects(receiver))].toSorted());
    expect(receiver.pushes).toHaveLength(50);
  });

  it('go on where a replica that died had them', async () => {
    await changed('acme', 3);
    // What it leaves: a lease, and no note of what it sent.
    await new SubjectEvents(database.db).take('acme', 'dead', now);
    await courier().deliver();
    expect(receiver.pushes).toEqual([]);
    later(30);
    await courier().deliver();
    expect(subjects(receiver)).toHaveLength(3);
  });

  it('are not noted by a replica that lost them to another', async () => {
    await changed('acme', 2);
    const events = new SubjectEvents(database.db);
    const late = await events.take('acme', 'late', now);
    if (late === undefined) throw new Error('it was free');
    later(31);
    await courier().deliver();
    const own = { clientId: 'acme', holder: 'late' };
    const tally = { delivered: 1, abandoned: [] };
    const then = { now, lease: 'give back' } as const;
    expect(await events.save(own, late, tally, then)).toBeUndefined();
    expect(Number((await stream('acme')).delivered)).toBe(2);
  });

  it('of a change that was committed after a later one are sent all the same', async () => {
    // There is one writer at a time there.
    if (open.dialect === 'sqlite') return;
    const { db } = database;
    await changed('acme');
    const slow = await db.transaction();
    // It has its id, and stays invisible for a while.
    const { id: _id, ...row } = await db('subject_changes').first();
    await slow('subject_changes').insert({ ...row, new_sub: Buffer.from('slow') });
    await changed('acme', 1, 'quick');
    await courier().deliver();
    expect(subjects(receiver)).toEqual(['acme-old-0', 'quick-old-0']);
    await slow.commit();
    await courier().deliver();
    expect(subjects(receiver)).toHaveLength(3);
  });

  it('about users whom the client does not know are passed over', async () => {
    await changed('acme', 3);
    const unknown = Buffer.alloc(32);
    unknown.write('acme1');
    await database.db('given_subjects').where({ user_index: unknown }).del();
    await courier().deliver();
    expect(subjects(receiver)).toEqual(['acme-old-0', 'acme-old-2']);
  });

  it('are left to another replica that took them over from one that was slow', async () => {
    await changed('acme', 3);
    const elapsed = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now');
    const slowly: EventReceiver['answers'][number] = (response) => {
      // Its lease is over, and it is time to note how far it is.
      later(31);
      clock.mockImplementation(() => elapsed() + 3000);
      void new SubjectEvents(database.db)
        .take('acme', 'another', now)
        .finally(() => response.writeHead(202).end());
    };
    receiver.answers.push(slowly);
    await courier().deliver();
    clock.mockRestore();
    expect(subjects(receiver)).toEqual(['acme-old-0']);
    expect(Number((await stream('acme')).delivered)).toBe(0);
  });

  it('are looked for again only when the last look is over', async () => {
    await changed('acme');
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
    receiver.answers.push((response) => arrive(() => response.writeHead(202).end()));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const looking = courier();
    looks = 0;
    looking.start();
    vi.advanceTimersByTime(2000);
    const release = await arrived;
    vi.advanceTimersByTime(20_000);
    release();
    await looking.deliver();
    expect(looks).toBe(2);
    vi.advanceTimersByTime(2000);
    await looking.close();
    vi.useRealTimers();
    expect(looks).toBe(3);
    expect(subjects(receiver)).toEqual(['acme-old-0']);
  });

  it('end with the process, between two of them', async () => {
    await changed('acme', 20);
    const ending = courier();
    receiver.answers.push((response) => {
      void ending.close();
      response.writeHead(202).end();
    });
    await ending.deliver();
    await ending.close();
    expect(receiver.pushes.length).toBeLessThan(20);
    expect(Number((await stream('acme')).delivered)).toBe(receiver.pushes.length);
    // Given back, so that nobody has to wait for the lease.
    await courier().deliver();
    expect(subjects(receiver)).toEqual(Array.from({ length: 20 }, (_, n) => `acme-old-${n}`));
  });

  it('of a whole sector are more than are looked at together', async () => {
    await changed('acme', 1200);
    await courier().deliver();
    expect(new Set(subjects(receiver)).size).toBe(1200);
    expect(receiver.pushes).toHaveLength(1200);
  });
});
