import { describe, expect, it } from 'vitest';
import { derivePseudonym } from '../../../src/subjects/derive.ts';
import { insertPseudonym } from '../../../src/subjects/store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { clientIn, NOW, SALT, startReplica } from './replica.ts';
import type { Replica } from './replica.ts';

const SECTOR = 'a.example';
const CLIENT = clientIn(SECTOR);

function firstPseudonymOf(localSubject: string): string {
  return derivePseudonym('hmac-sha256', { sector: SECTOR, localSubject, salt: SALT });
}

/** Gives a user a pseudonym of our choice, as an import does. */
async function give(replica: Replica, localSubject: string, sub: string): Promise<void> {
  const index = replica.subjects.indexOf(CLIENT, localSubject);
  if (!index.ok) throw new Error(index.reason);
  await replica.db.transaction((trx) =>
    insertPseudonym(trx, replica.atRest, {
      sector: SECTOR,
      userIndex: index.value,
      generation: 1,
      sub,
      localSubject,
      saltVersion: 1,
      algorithm: 'hmac-sha256',
      createdAt: NOW,
    }),
  );
}

function expectSecurityEvent(replica: Replica, kind: string, secrets: readonly string[]): void {
  expect(replica.log.fields).toContainEqual(expect.objectContaining({ event: 'security', kind }));
  const said = JSON.stringify([replica.log.fields, replica.log.messages]);
  for (const secret of secrets) expect(said).not.toContain(secret);
}

describeOnEachDialect('collisions', (open) => {
  describe('with another user’s pseudonym', () => {
    it('lead to the next generation, which stays', async () => {
      const database = await open.fresh();
      const replica = await startReplica(database);
      replica.register(CLIENT);
      const taken = firstPseudonymOf('alice');
      await give(replica, 'bob', taken);

      const sub = await replica.subjectOf(CLIENT, 'alice');
      expect(sub).not.toBe(taken);
      expectSecurityEvent(replica, 'pseudonym_collision', ['alice', 'bob', taken, sub]);
      expect(await replica.subjects.list('alice', [SECTOR])).toMatchObject([
        { generation: 2, algorithm: 'random', sub },
      ]);
      const other = await startReplica(database);
      other.register(CLIENT);
      expect(await other.subjectOf(CLIENT, 'alice')).toBe(sub);
      expect(await other.subjectOf(CLIENT, 'bob')).toBe(taken);
    });

    it('give one subject to a user whom many replicas meet at one moment', async () => {
      const database = await open.fresh();
      const replicas = await Promise.all([startReplica(database), startReplica(database)]);
      for (const replica of replicas) replica.register(CLIENT);
      const [first] = replicas;
      await give(first, 'bob', firstPseudonymOf('alice'));
      const subjects = await Promise.all(
        [...replicas, ...replicas].map((replica) => replica.subjectOf(CLIENT, 'alice')),
      );
      expect(new Set(subjects).size).toBe(1);
    });
  });

  /*
   * The attack: mallory learns or computes a victim's pseudonym at a vendor and
   * registers at the upstream under just that name. Served the public subject,
   * mallory would be the victim there.
   */
  describe('with a user name that someone chose', () => {
    it.each(['public', 'shadow'] as const)(
      'the user is refused while %s, and the code is used up',
      async (phase) => {
        const database = await open.fresh();
        const replica = await startReplica(database);
        replica.register(CLIENT);
        const victims = await replica.subjectOf(CLIENT, 'victim');

        replica.register(clientIn(SECTOR, phase));
        expect(await replica.login(CLIENT, victims)).toMatchObject({
          ok: false,
          reason: 'subject_collision',
        });
        expectSecurityEvent(replica, 'public_subject_is_pseudonym', ['victim"', victims]);
        expect(await database.db('spent').select('hash')).toHaveLength(2);
        expect(await database.db('sessions').select('grant_id')).toHaveLength(1);
      },
    );

    it('the user gets a pseudonym like everybody else in pairwise', async () => {
      const replica = await startReplica(await open.fresh());
      replica.register(CLIENT);
      const victims = await replica.subjectOf(CLIENT, 'victim');
      const mallorys = await replica.subjectOf(CLIENT, victims);
      expect(mallorys).not.toBe(victims);
      expect(await replica.subjects.lookup(SECTOR, mallorys)).toBe(victims);
    });

    it.each(['public', 'shadow'] as const)(
      'the victim gets another pseudonym where the name was seen first in %s',
      async (phase) => {
        const replica = await startReplica(await open.fresh());
        const foreseen = firstPseudonymOf('victim');
        const before = replica.register(clientIn(SECTOR, phase));
        expect(await replica.subjectOf(before, foreseen)).toBe(foreseen);

        replica.register(CLIENT);
        const victims = await replica.subjectOf(CLIENT, 'victim');
        expect(victims).not.toBe(foreseen);
        expectSecurityEvent(replica, 'pseudonym_collision', [foreseen, victims]);
      },
    );

    it('in another sector it is no concern', async () => {
      const replica = await startReplica(await open.fresh());
      replica.register(CLIENT);
      const victims = await replica.subjectOf(CLIENT, 'victim');
      const elsewhere = replica.register(clientIn('b.example', 'public'));
      expect(await replica.subjectOf(elsewhere, victims)).toBe(victims);
    });
  });

  it('are none where a user’s pseudonym is the user’s own name', async () => {
    const replica = await startReplica(await open.fresh());
    const client = replica.register(clientIn(SECTOR, 'public'));
    await give(replica, 'alice', 'alice');
    expect(await replica.subjectOf(client, 'alice')).toBe('alice');
  });
});
