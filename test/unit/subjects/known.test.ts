import { expect, it } from 'vitest';

import { HintedSubjects } from '../../../src/subjects/hinted.ts';
import { KnownSubjects } from '../../../src/subjects/known.ts';
import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { clientIn, namesWith, NOW, startReplica } from './replica.ts';

describeOnEachDialect('a user who is known in one sector', (open) => {
  async function met(endedAt = 0) {
    const replica = await startReplica(await open.fresh());
    const [here, there] = [clientIn('here.example'), clientIn('there.example')];
    for (const client of [here, there]) replica.register(client);
    const { db, atRest, keyring } = replica;
    const isEnded = (_user: Uint8Array, change: number) => change < endedAt;
    const options = { db, atRest, indexRoot: keyring.index, clock: () => NOW };
    const known = new KnownSubjects({ ...options, registry: { isEnded } });
    const inHere = reviveReleasedSubject(await replica.subjectOf(here, 'alice'));
    const released = { sector: here.sector, subject: inHere, kind: 'pairwise', change: 4 } as const;
    return { replica, here, there, known, released };
  }

  it('is named to another by the pseudonym that she has there, and by none where she has none', async () => {
    const { replica, there, known, released } = await met();
    expect(await known.subjectFor(there, released)).toBeUndefined();
    const inThere = await replica.subjectOf(there, 'alice');
    expect(await known.subjectFor(there, released)).toBe(inThere);
  });

  it('is named by it also where the first knows her by her original subject', async () => {
    const { replica, there, known } = await met();
    const inThere = await replica.subjectOf(there, 'alice');
    const subject = reviveReleasedSubject('alice');
    const original = { sector: 'open.example', subject, kind: 'public', change: 4 } as const;
    expect(await known.subjectFor(there, original)).toBe(inThere);
  });

  it('is named no more to one that she disconnected since, also where she keeps her subject there', async () => {
    for (const [endedAt, isNamed] of [
      [4, true],
      [5, false],
    ] as const) {
      const { replica, there, known, released } = await met(endedAt);
      const inThere = await replica.subjectOf(there, 'alice');
      expect(await known.subjectFor(there, released)).toBe(isNamed ? inThere : undefined);
    }
  });

  it('is never named by her original subject', async () => {
    const { known, released } = await met();
    const open = clientIn('there.example', 'public');
    expect(await known.subjectFor(open, released)).toBeUndefined();
  });

  it('is nobody by a pseudonym that nobody was given', async () => {
    const { there, known, released } = await met();
    const made = { ...released, subject: reviveReleasedSubject('made-up') };
    expect(await known.subjectFor(there, made)).toBeUndefined();
  });

  it('is nobody by a hint that no subject can be', async () => {
    const { replica, here } = await met();
    const hinted = new HintedSubjects(replica.db, namesWith(replica), () => NOW);
    for (const subject of ['', 'x'.repeat(256), '\ud800']) {
      expect(await hinted.knownUsers(here, subject)).toEqual([]);
      expect(await hinted.requestableUsers(here, subject)).toEqual([]);
    }
  });
});
