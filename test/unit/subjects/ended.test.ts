import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { MetPseudonym } from '../../../src/audit/segment-store.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { Refusal } from '../../../src/errors.ts';
import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import { Subjects } from '../../../src/subjects/settle.ts';
import { leaveTombstone } from '../../../src/subjects/tombstones.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, freshCode, freshSession, NOW, queriesOn, startReplica } from './replica.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
});
afterAll(() => database.close());

describe('a login that began before all of its user was ended', () => {
  it('is refused with its own reason, and later ones are not', async () => {
    const replica = await startReplica(database, { isEnded: (_user, change) => change < 5 });
    const client = replica.register(clientIn('ended.example'));
    const at = (change: number) =>
      replica.subjects.settle({
        ...{ client, localSubject: 'alice', spend: freshCode(), session: freshSession() },
        since: { change, ended: 'code_invalid' },
      });
    expect(await at(4)).toMatchObject({ ok: false, reason: 'code_invalid' });
    expect(await at(5)).toMatchObject({ ok: true });
  });
});

describe('a user in shadow who was ended', () => {
  it('is not taken from memory', async () => {
    let ended = false;
    const replica = await startReplica(database, { isEnded: () => ended });
    const client = replica.register(clientIn('shadow.example', 'shadow'));
    const rehearsals = async () => {
      const login = () => replica.subjectOf(client, 'alice');
      const seen = await queriesOn(replica.db, 'pseudonyms', login);
      return seen.filter(({ sql }) => sql.includes('order by')).length;
    };
    await rehearsals();
    expect(await rehearsals()).toBe(0);
    ended = true;
    expect(await rehearsals()).toBeGreaterThan(0);
  });

  it('is logged in also where what is known of clients has grown old meanwhile', async () => {
    let stale = false;
    const isEnded = () => {
      if (stale) throw new Refusal('configuration_stale');
      return false;
    };
    const replica = await startReplica(database, { isEnded });
    const client = replica.register(clientIn('stale.example', 'shadow'));
    await replica.subjectOf(client, 'alice');
    stale = true;
    expect(await replica.login(client, 'alice')).toMatchObject({ ok: true });
    expect(replica.log.fields).toContainEqual(
      expect.objectContaining({ event: 'shadow_failure', failed: 'configuration_stale' }),
    );
  });

  it('and whose pseudonym collides is logged in all the same, which is told to the log', async () => {
    const replica = await startReplica(database);
    const client = replica.register(clientIn('hit.example', 'shadow'));
    // Whatever is tried, somebody is called so.
    await database.db.raw(
      `create trigger taken before insert on pseudonyms when new.sector = x'${Buffer.from('hit.example').toString('hex')}'
        begin insert into change_head select * from change_head; end`,
    );
    expect(await replica.login(client, 'alice')).toMatchObject({ ok: true });
    await database.db.raw('drop trigger taken');
    expect(replica.rehearsals).toContain(`${client.clientId}: failed`);
    expect(replica.log.fields).toContainEqual(
      expect.objectContaining({ event: 'shadow_failure', failed: 'subject_collision' }),
    );
  });
});

describe('whoever takes down the life of pseudonyms', () => {
  it('hears of new ones once, of each use, and of nothing else', async () => {
    const told: string[] = [];
    const note =
      (what: string) =>
      ({ sector, sub }: MetPseudonym) =>
        void told.push(`${what} ${sector} ${sub}`);
    const witness = { made: note('made'), used: note('used') };
    const replica = await startReplica(database, { witness });
    const client = replica.register(clientIn('told.example'));
    const sub = await replica.subjectOf(client, 'alice');
    await replica.subjectOf(client, 'alice');
    const [made, used] = [`made told.example ${sub}`, `used told.example ${sub}`];
    expect(told).toEqual([made, used, used]);

    const given = { subject: reviveReleasedSubject(sub), userIndex: Buffer.alloc(32, 1) };
    replica.subjects.noteUse(client, { ...given, kind: 'public' });
    expect(told).toHaveLength(3);
    replica.subjects.noteUse(client, { ...given, kind: 'pairwise' });
    expect(told.at(-1)).toBe(used);
  });

  it('need not be there', async () => {
    const replica = await startReplica(database);
    const given = { subject: reviveReleasedSubject('x'), userIndex: Buffer.alloc(32, 1) };
    const client = clientIn('untold.example');
    expect(replica.subjects.noteUse(client, { ...given, kind: 'pairwise' })).toBeUndefined();
    const { db, keyring, atRest, salts } = replica;
    const registry = { change: 1, find: () => client, isEnded: () => false };
    const log = { warn: () => undefined, error: () => undefined };
    const subjects = new Subjects({
      ...{ db, keyring, atRest, salts, registry, log, algorithm: 'random', clock: () => NOW },
    });
    expect(await subjects.settle({ client, localSubject: 'alice' })).toMatchObject({ ok: true });
  });
});

describe('a client whose users keep what it has them by', () => {
  const preserving = (sector: string) => {
    const client = clientIn(sector);
    return {
      ...client,
      metadata: { ...client.metadata, migration: { mode: 'preserve' } },
    } as const;
  };

  it('gets the original subject of those whom it was given, and pseudonyms of others', async () => {
    const replica = await startReplica(database);
    const open = replica.register(clientIn('kept.example', 'public'));
    await replica.subjectOf(open, 'alice');
    const client = replica.register(preserving('kept.example'));
    expect(await replica.subjectOf(client, 'alice')).toBe('alice');
    expect(await replica.subjectOf(client, 'bob')).toMatch(/^[a-z2-7]{52}$/);
  });
});

describe('an erased user without a mark', () => {
  it('is made anew by any login', async () => {
    const replica = await startReplica(database);
    const client = replica.register(clientIn('unmarked.example'));
    const erased = { sector: client.sector, localSubject: 'alice' };
    const root = replica.keyring.tombstone;
    await inTransaction(database.db, (trx) => leaveTombstone(trx, root, erased, 3));
    const arrival = { client, localSubject: 'alice', spend: freshCode(), session: freshSession() };
    const since = { change: 0, ended: 'code_invalid' } as const;
    expect(await replica.subjects.settle({ ...arrival, since })).toMatchObject({ ok: true });
    expect(await replica.subjects.list('alice', ['unmarked.example'])).toMatchObject([
      { generation: 3, algorithm: 'random' },
    ]);
  });
});
