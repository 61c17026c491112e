import { expect, it } from 'vitest';
import { describeOnEachDialect } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from './replica.ts';

describeOnEachDialect('the mapping', (open) => {
  it('leads from a pseudonym back to the local subject, in its own sector only', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn('a.example'));
    const sub = await replica.subjectOf(client, 'alice');
    expect(await replica.subjects.lookup('a.example', sub)).toBe('alice');
    expect(await replica.subjects.lookup('b.example', sub)).toBeUndefined();
    expect(await replica.subjects.lookup('a.example', sub.toUpperCase())).toBeUndefined();
    expect(await replica.subjects.lookup('a.example', `${sub} `)).toBeUndefined();
    expect(await replica.subjects.lookup('a.example', 'alice')).toBeUndefined();
  });

  it('lists a user’s pseudonyms in the sectors asked for', async () => {
    const replica = await startReplica(await open.fresh());
    const sectors = ['a.example', 'b.example'];
    for (const sector of sectors) {
      await replica.subjectOf(replica.register(clientIn(sector)), 'alice');
    }
    const listed = await replica.subjects.list('alice', [...sectors, 'c.example']);
    expect(listed.map(({ sector }) => sector)).toEqual(sectors);
    expect(listed).toMatchObject([
      { generation: 1, algorithm: 'hmac-sha256', saltVersion: 1, createdAt: NOW },
      { generation: 1, algorithm: 'hmac-sha256', saltVersion: 1, createdAt: NOW },
    ]);
    expect(await replica.subjects.list('Alice', sectors)).toEqual([]);
  });

  /*
   * The attack: someone holds a copy of the database, but not the master key,
   * and looks for names, or for rows of one user in two sectors.
   */
  it('shows a thief of the database neither names nor which rows are one user', async () => {
    const replica = await startReplica(await open.fresh());
    const name = 'a-name-to-look-for';
    for (const sector of ['a.example', 'b.example']) {
      await replica.subjectOf(replica.register(clientIn(sector)), name);
    }
    const rows = await replica.db('pseudonyms').select('*');
    const columns = ['user_index', 'sub', 'local_subject'] as const;
    for (const column of columns) {
      const values = rows.map((row) => row[column] as Buffer);
      expect(new Set(values.map((value) => value.toString('hex'))).size).toBe(2);
      for (const value of values) expect(value.includes(name)).toBe(false);
    }
    expect(new Set(rows.map((row) => (row.local_subject as Buffer).length)).size).toBe(1);
  });

  /*
   * The attack: someone who can write to the database moves a sealed local
   * subject to another user's row, to have the operator blame that user.
   */
  it('does not open a local subject that was moved to another row', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn('a.example'));
    const [alices, bobs] = [
      await replica.subjectOf(client, 'alice'),
      await replica.subjectOf(client, 'bob'),
    ];
    const of = (sub: string) => replica.db('pseudonyms').where({ sub: Buffer.from(sub) });
    const { local_subject: stolen } = await of(alices).first('local_subject');
    await of(bobs).update({ local_subject: stolen });
    await expect(replica.subjects.lookup('a.example', bobs)).rejects.toThrow();
  });
});
