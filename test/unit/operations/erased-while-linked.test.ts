import { setTimeout as sleep } from 'node:timers/promises';

import { expect, it, onTestFinished } from 'vitest';

import { inTransaction } from '../../../src/database/connection.ts';
import { insertLink } from '../../../src/database/sector-links.ts';
import type { SectorLink } from '../../../src/database/sector-links.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { nameKeys } from '../../../src/operations/link-batch.ts';
import { carryUsers } from '../../../src/subjects/carry.ts';
import { freshDatabase } from '../../support/database.ts';
import { NOW } from '../subjects/replica.ts';
import { BY, setStage } from './lifecycle.ts';

/*
 * An erasure looks for its user in one sector after the other. Here a link of two sectors begins
 * behind its first look, and carries the user from the sector that it has not looked into yet to
 * the one that it has. On a server only: a file has one writer at a time.
 */
it('a user is erased who is carried to another sector behind the erasure’s back', async () => {
  const database = await freshDatabase('mysql');
  onTestFinished(() => database.close());
  const stage = await setStage(database);
  const { context, replica } = stage;
  await stage.client('acme.example');
  await replica.subjectOf(await stage.client('bolt.example'), 'alice');
  const link: SectorLink = {
    ...{ sector: 'bolt.example', into: 'acme.example', mode: 'linked', keeps: false },
    ...{ prefersLinked: false, betweenVendors: false, graceDays: 7 },
    ...{ linkedAt: NOW, carriedAt: undefined },
  };
  const mover = { ...nameKeys(context), tombstoneRoot: context.keyring.tombstone };

  const erasure = await inTransaction(context.db, async (trx) => {
    await trx('pseudonyms').forUpdate().select();
    const erasing = eraseSubject(stage.another(), 'alice', BY);
    const waiting = () =>
      database.db('information_schema.innodb_trx').where('trx_state', 'LOCK WAIT').select('trx_id');
    // The server looks anew only where nobody has asked for a tenth of a second.
    while ((await waiting()).length === 0) await sleep(150);
    await insertLink(trx, link);
    const times = { at: NOW, graceUntil: NOW };
    expect(await carryUsers(trx, mover, link, ['alice'], times)).toMatchObject({ carried: 1 });
    return { erasing };
  });

  expect(await erasure.erasing).toMatchObject({ erased: true });
  expect(await database.db('pseudonyms').select('sector')).toEqual([]);
});
