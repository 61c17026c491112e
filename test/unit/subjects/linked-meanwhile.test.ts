import { expect, it, onTestFinished } from 'vitest';

import { inTransaction } from '../../../src/database/connection.ts';
import { noteFormerNames } from '../../../src/subjects/former-names.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, NOW, startReplica } from './replica.ts';

it('a user whom an operator links while they are met for the first time is not made twice', async () => {
  const database = await freshDatabase('sqlite');
  onTestFinished(() => database.close());
  const replica = await startReplica(database);
  const client = replica.register(clientIn('met.example'));
  const keys = { atRest: replica.atRest, indexRoot: replica.keyring.index };
  const inAnHour = new Date(NOW.getTime() + 3_600_000);
  const times = { graceUntil: inAnHour, expiresAt: inAnHour };
  await inTransaction(database.db, (trx) =>
    noteFormerNames(trx, keys, [{ from: 'alice', to: 'alice2' }], new Map(), times),
  );
  // The renaming shows itself behind the insertion only, as one that was committed meanwhile.
  await database.db.raw('create table linked as select * from former_names');
  await database.db('former_names').delete();
  await database.db.raw(
    'create trigger meanwhile after insert on pseudonyms ' +
      'begin insert into former_names select * from linked; end',
  );

  expect(await replica.login(client, 'alice')).toMatchObject({
    ...{ ok: false, reason: 'subject_collision' },
  });
  for (const table of ['pseudonyms', 'sessions', 'spent']) {
    expect([table, await database.db(table).select()]).toEqual([table, []]);
  }

  await database.db.raw('drop trigger meanwhile');
  await database.db.raw('insert into former_names select * from linked');
  const sub = await replica.subjectOf(client, 'alice');
  expect(await replica.subjectOf(client, 'alice2')).toBe(sub);
  expect(await database.db('pseudonyms').select('generation')).toEqual([{ generation: 1 }]);
});
