import { expect, it, onTestFinished } from 'vitest';

import { inTransaction, isUniqueViolation } from '../../../src/database/connection.ts';
import {
  lockFormerNames,
  noteFormerNames,
  presentName,
} from '../../../src/subjects/former-names.ts';
import { freshDatabase } from '../../support/database.ts';
import { NOW, startReplica } from './replica.ts';

/** On a server only: a file has one writer at a time, who sees whatever came before. */
it('a renaming that was committed since the names were read is not taken back by another one', async () => {
  const database = await freshDatabase('mysql');
  onTestFinished(() => database.close());
  const replica = await startReplica(database);
  const keys = { atRest: replica.atRest, indexRoot: replica.keyring.index };
  const inAnHour = new Date(NOW.getTime() + 3_600_000);
  const times = { graceUntil: inAnHour, expiresAt: inAnHour };
  const first = [{ from: 'alice', to: 'one' }];
  const second = [{ from: 'alice', to: 'two' }];

  const late = inTransaction(database.db, async (trx) => {
    const locked = await lockFormerNames(trx, keys, ['alice', 'two']);
    expect([...locked.keys()]).toEqual([]);
    await inTransaction(database.connect(), (other) =>
      noteFormerNames(other, keys, first, new Map(), times),
    );
    await noteFormerNames(trx, keys, second, locked, times);
  });

  await expect(late).rejects.toSatisfy(isUniqueViolation);
  expect(await presentName(database.db, keys, 'alice', NOW)).toBe('one');
});
