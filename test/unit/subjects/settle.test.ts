import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/connection.ts';
import { Subjects } from '../../../src/subjects/settle.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import {
  clientIn,
  freshCode,
  freshSession,
  NOW,
  phase,
  queriesOn,
  startReplica,
} from './replica.ts';

const ALGORITHMS = ['hmac-sha256', 'oidc-sha256', 'random'] as const;

describeOnEachDialect('Subjects.settle', (open) => {
  describe.each(ALGORITHMS)('with %s', (algorithm) => {
    it('gives one user two subjects in two sectors, and one in one', async () => {
      const replica = await startReplica(await open.fresh(), { algorithm });
      const a = replica.register(clientIn('a.example'));
      const b = replica.register(clientIn('b.example'));
      const sibling = replica.register({ ...a, clientId: 'another client of a.example' });

      const [inA, inB] = [await replica.subjectOf(a, 'alice'), await replica.subjectOf(b, 'alice')];
      expect(inA).not.toBe(inB);
      expect(await replica.subjectOf(sibling, 'alice')).toBe(inA);
      expect(await replica.subjectOf(a, 'bob')).not.toBe(inA);
      for (const sub of [inA, inB]) expect(sub).not.toContain('alice');
    });

    it('gives the same subject after a restart, whatever the algorithm is then', async () => {
      const database = await open.fresh();
      const before = await startReplica(database, { algorithm });
      const client = before.register(clientIn('a.example'));
      const first = await before.subjectOf(client, 'alice');
      for (const later of ALGORITHMS) {
        const after = await startReplica(database, { algorithm: later });
        after.register(client);
        expect(await after.subjectOf(client, 'alice')).toBe(first);
      }
    });

    it('gives the same subject from two replicas that meet a new user at one moment', async () => {
      const database = await open.fresh();
      const replicas = await Promise.all([
        startReplica(database, { algorithm }),
        startReplica(database, { algorithm }),
      ]);
      const client = clientIn('a.example');
      for (const replica of replicas) replica.register(client);
      const users = Array.from({ length: 8 }, (_, number) => `user ${number}`);

      const subjects = await Promise.all(
        users.map((user) =>
          Promise.all(
            [...replicas, ...replicas, ...replicas].map((replica) =>
              replica.subjectOf(client, user),
            ),
          ),
        ),
      );

      for (const [first, ...others] of subjects) {
        expect(new Set([first, ...others]).size).toBe(1);
        expect(first).toBeDefined();
      }
      expect(new Set(subjects.map(([first]) => first)).size).toBe(users.length);
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(users.length);
      expect(await database.db('sessions').select('grant_id')).toHaveLength(users.length * 6);
    });
  });

  it('tells subjects apart by their bytes', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn('a.example'));
    const subjects = ['bob', 'Bob', 'BOB', 'bob ', ' bob', 'b\u00f6b', 'bo\u0308b', 'bob\0'];
    const given = new Set<string>();
    for (const subject of subjects) given.add(await replica.subjectOf(client, subject));
    expect(given.size).toBe(subjects.length);
    for (const subject of subjects) {
      const sub = await replica.subjectOf(client, subject);
      expect(await replica.subjects.lookup('a.example', sub)).toBe(subject);
    }
  });

  it('takes subjects of up to 255 bytes of UTF-8, and no others', async () => {
    const replica = await startReplica(await open.fresh());
    for (const mode of ['pairwise', 'shadow', 'public'] as const) {
      const client = replica.register(clientIn('a.example', mode));
      for (const longest of ['x'.repeat(255), `${'🙂'.repeat(63)}用`]) {
        expect(Buffer.byteLength(longest)).toBe(255);
        const settled = await replica.login(client, longest);
        expect(settled).toMatchObject({ ok: true });
        expect(await replica.login(client, `${longest}x`)).toMatchObject({
          ok: false,
          reason: 'subject_too_long',
        });
      }
      expect(await replica.login(client, '')).toMatchObject({
        ok: false,
        reason: 'subject_missing',
      });
      expect(await replica.login(client, 'half \ud83d')).toMatchObject({
        ok: false,
        reason: 'id_token_malformed',
      });
    }
  });

  it('records the grant beside the subject', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn('a.example'));
    const session = { ...freshSession(), sid: 'our sid', upstreamSid: 'upstream sid' };
    const settled = await replica.subjects.settle({ client, localSubject: 'alice', session });
    const index = replica.subjects.indexOf(client, 'alice');
    expect(settled).toMatchObject({
      ok: true,
      value: { kind: 'pairwise', mode: 'pairwise', change: 7 },
    });
    expect(settled.ok && index.ok && Buffer.compare(settled.value.userIndex, index.value)).toBe(0);
    const [row] = await replica.db('sessions').select('*');
    expect(row).toMatchObject({
      grant_id: Buffer.from(session.grantId),
      client_id: Buffer.from(client.clientId),
      sector: Buffer.from('a.example'),
      user_index: settled.ok && settled.value.userIndex,
      created_at: NOW.getTime(),
    });
    expect(JSON.stringify(row)).not.toContain('upstream sid');
  });

  /*
   * The attack: someone holds a copy of the database. A user who logs in at two
   * vendors in one SSO session has one upstream `sid`; kept alike in both rows it
   * would tie the user's two pseudonyms together.
   */
  it('keeps the upstream’s sid so that it ties no two sectors together', async () => {
    const replica = await startReplica(await open.fresh());
    for (const sector of ['a.example', 'a.example', 'b.example']) {
      const client = replica.register(clientIn(sector));
      const session = { ...freshSession(), upstreamSid: 'one SSO session' };
      await replica.subjects.settle({ client, localSubject: 'alice', session });
    }
    const rows = await replica.db('sessions').select('upstream_sid_index');
    const indexes = rows.map((row) => (row.upstream_sid_index as Buffer).toString('hex'));
    expect(new Set(indexes).size).toBe(2);
  });

  describe('one-time codes', () => {
    /*
     * The attack: a code is presented twice, the second time with another
     * user's login behind it or from a replica that knows the user already.
     */
    it('are refused the second time, and nothing is written', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      const client = replica.register(clientIn('a.example'));
      const code = freshCode();
      const settle = (localSubject: string) =>
        replica.subjects.settle({ client, localSubject, spend: code, session: freshSession() });
      expect(await settle('alice')).toMatchObject({ ok: true });
      expect(await settle('alice')).toMatchObject({ ok: false, reason: 'code_replayed' });
      expect(await settle('mallory')).toMatchObject({ ok: false, reason: 'code_replayed' });
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(1);
      expect(await database.db('sessions').select('grant_id')).toHaveLength(1);
    });

    it('are good for one of many replicas that get it at one moment', async () => {
      const database = await open.fresh();
      const replicas = await Promise.all([startReplica(database), startReplica(database)]);
      const client = clientIn('a.example');
      const code = freshCode();
      const settled = await Promise.all(
        [...replicas, ...replicas].map((replica) => {
          replica.register(client);
          return replica.subjects.settle({ client, localSubject: 'alice', spend: code });
        }),
      );
      expect(settled.filter((result) => result.ok)).toHaveLength(1);
    });

    it('stay good when the transaction fails', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      const client = replica.register(clientIn('a.example'));
      const session = freshSession();
      await replica.subjects.settle({ client, localSubject: 'alice', session });
      const arrival = { client, localSubject: 'bob', spend: freshCode() };
      await expect(replica.subjects.settle({ ...arrival, session })).rejects.toThrow();
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(1);
      expect(await replica.subjects.settle({ ...arrival, session: freshSession() })).toMatchObject({
        ok: true,
      });
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(2);
    });
  });

  it('reads the mapping at each login, so that nothing erased or rotated elsewhere is given', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn('a.example'));
    const first = await replica.subjectOf(client, 'alice');
    const code = freshCode();
    const again = { client, localSubject: 'alice', spend: code };
    const reads = await queriesOn(replica.db, 'pseudonyms', async () => {
      expect(await replica.subjects.settle(again)).toMatchObject({
        ok: true,
        value: { subject: first },
      });
    });
    expect(reads).toHaveLength(1);
    expect(await replica.subjects.settle(again)).toMatchObject({ reason: 'code_replayed' });
  });

  it('reads it once for a user in shadow, who is told nothing of it', async () => {
    const replica = await startReplica(await open.fresh(), { cacheSize: 2 });
    const client = replica.register(clientIn('a.example', 'shadow'));
    const rehearsalsOf = async (user: string) => {
      const reads = await queriesOn(replica.db, 'pseudonyms', () =>
        replica.subjectOf(client, user),
      );
      return reads.filter(({ sql }) => sql.includes('order by')).length;
    };
    for (const user of ['one', 'two', 'three']) await replica.subjectOf(client, user);
    expect(await rehearsalsOf('three')).toBe(0);
    expect(await rehearsalsOf('two')).toBe(0);
    expect(await rehearsalsOf('one')).toBe(1);
  });

  it('leaves nothing of a pseudonym that was not committed', async () => {
    const database = await open.fresh();
    const replica = await startReplica(database);
    const client = replica.register(clientIn('a.example'));
    const session = freshSession();
    await replica.subjects.settle({ client, localSubject: 'alice', session });
    const arrival = { client, localSubject: 'bob', session };
    await expect(replica.subjects.settle(arrival)).rejects.toThrow();
    const sub = await replica.subjectOf(client, 'bob');
    expect(await replica.subjects.lookup('a.example', sub)).toBe('bob');
  });

  it('finds a known user with one indexed read', async () => {
    const database = await open.fresh();
    const [first, second] = [await startReplica(database), await startReplica(database)];
    const client = clientIn('a.example');
    for (const replica of [first, second]) replica.register(client);
    for (let number = 0; number < 50; number += 1) await first.subjectOf(client, `user ${number}`);

    const reads = await queriesOn(second.db, 'pseudonyms', () =>
      second.subjectOf(client, 'user 7'),
    );
    expect(reads).toHaveLength(1);
    const [{ sql, bindings } = { sql: '', bindings: [] }] = reads;
    if (open.dialect === 'sqlite') {
      const plan = await second.db.raw(`explain query plan ${sql}`, [...bindings]);
      expect(plan).toHaveLength(1);
      expect(plan[0].detail).toMatch(
        /^SEARCH pseudonyms USING (INDEX .*|PRIMARY KEY) \(sector=\? AND user_index=\?\)$/,
      );
    } else {
      const [plan] = await second.db.raw(`explain ${sql}`, [...bindings]);
      expect(plan).toHaveLength(1);
      expect(plan[0]).toMatchObject({ table: 'pseudonyms', key: 'PRIMARY' });
      expect(plan[0].type).toMatch(/^(ref|range|const)$/);
      expect(plan[0].Extra).not.toMatch(/filesort|temporary/);
    }
  });

  describe('phases', () => {
    it('public releases the upstream’s subject and writes no row', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      const client = replica.register(clientIn('a.example', 'public'));
      expect(await replica.login(client, 'alice')).toMatchObject({
        ok: true,
        value: { subject: 'alice', kind: 'public', mode: 'public' },
      });
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(0);
      expect(await database.db('sessions').select('grant_id')).toHaveLength(1);
    });

    it('shadow releases the upstream’s subject, and the row stands ready', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      const client = replica.register(clientIn('a.example', 'shadow'));
      expect(await replica.login(client, 'alice')).toMatchObject({
        ok: true,
        value: { subject: 'alice', kind: 'public', mode: 'shadow' },
      });
      const [listed] = await replica.subjects.list('alice', ['a.example']);
      replica.register(clientIn('a.example', 'pairwise'));
      expect(await replica.subjectOf(client, 'alice')).toBe(listed?.sub);
      expect(await database.db('pseudonyms').select('sub')).toHaveLength(1);
    });

    it('shadow survives a failure of the pairwise part, which is logged and counted', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      const client = replica.register(clientIn('a.example', 'shadow'));
      await database.db('salts').delete();
      expect(await replica.login(client, 'alice')).toMatchObject({
        ok: true,
        value: { subject: 'alice', mode: 'shadow' },
      });
      expect(replica.rehearsals).toContain(`${client.clientId}: failed`);
      expect(replica.log.fields).toEqual([
        expect.objectContaining({ event: 'shadow_failure', clientId: client.clientId }),
      ]);
      expect(await database.db('sessions').select('grant_id')).toHaveLength(1);

      replica.register(clientIn('a.example', 'pairwise'));
      await expect(replica.login(client, 'alice')).rejects.toThrow();
      expect(await database.db('sessions').select('grant_id')).toHaveLength(1);
    });

    it('a pilot gets a pseudonym where others are served as in shadow', async () => {
      const replica = await startReplica(await open.fresh());
      const index = replica.subjects.indexOf(clientIn('a.example'), 'alice');
      const pilot = Buffer.from(index.ok ? index.value : []).toString('base64url');
      const client = replica.register(
        clientIn('a.example', phase('pairwise', { pilotUsers: [pilot] })),
      );
      expect(await replica.login(client, 'alice')).toMatchObject({ value: { kind: 'pairwise' } });
      expect(await replica.login(client, 'bob')).toMatchObject({
        value: { kind: 'public', mode: 'shadow', subject: 'bob' },
      });
    });

    it('the phase that holds when the user arrives counts, not the one at the request', async () => {
      const replica = await startReplica(await open.fresh());
      const asRequested = replica.register(clientIn('a.example', 'public'));
      replica.register(clientIn('a.example', 'pairwise'));
      expect(await replica.login(asRequested, 'alice')).toMatchObject({
        value: { mode: 'pairwise' },
      });
    });

    it('a client that was removed in the meantime gets nothing', async () => {
      const replica = await startReplica(await open.fresh());
      expect(await replica.login(clientIn('a.example'), 'alice')).toMatchObject({
        ok: false,
        reason: 'client_authentication_failed',
      });
    });
  });

  /*
   * The attack: while the database is away, a login that got the upstream's
   * subject for want of a pseudonym would tell the vendor who the user is.
   */
  it('gives no subject at all while the database is away, in any phase', async () => {
    const replica = await startReplica(await open.fresh());
    const away = openDatabase({ dialect: 'mysql', url: 'mysql://nobody:x@127.0.0.1:1/none' });
    for (const mode of ['pairwise', 'shadow', 'public'] as const) {
      const client = clientIn('a.example', mode);
      const subjects = new Subjects({
        ...replica,
        db: away,
        algorithm: 'hmac-sha256',
        clock: () => NOW,
        registry: { change: 1, find: () => client, isEnded: () => false },
        log: { warn: () => {}, error: () => {} },
      });
      await expect(
        subjects.settle({ client, localSubject: 'alice', spend: freshCode() }),
      ).rejects.toMatchObject({ name: 'Refusal', reason: 'database_unavailable' });
    }
    await away.destroy();
  });
});
