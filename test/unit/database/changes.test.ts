import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { appendChange, lastChange, readChanges } from '../../../src/database/changes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const at = new Date(1_700_000_000_000);

describeOnEachDialect('the change log', (open) => {
  test('is empty at first, counts from 1, and gives back what was recorded', async () => {
    const { db } = await open.fresh();
    expect(await lastChange(db)).toBe(0);
    expect(await readChanges(db, 0)).toEqual([]);
    const positions = await inTransaction(db, async (trx) => [
      await appendChange(trx, 'client', 'acme-wéb', at),
      await appendChange(trx, 'grant', 'g1', at),
    ]);
    expect(positions).toEqual([1, 2]);
    expect(await lastChange(db)).toBe(2);
    expect(await readChanges(db, 0)).toEqual([
      { position: 1, kind: 'client', target: 'acme-wéb', at },
      { position: 2, kind: 'grant', target: 'g1', at },
    ]);
    expect(await readChanges(db, 1)).toHaveLength(1);
    expect(await readChanges(db, 0, 1)).toHaveLength(1);
  });

  test('a change whose transaction fails leaves neither a row nor a gap', async () => {
    const { db } = await open.fresh();
    const failing = inTransaction(db, async (trx) => {
      await appendChange(trx, 'client', 'c', at);
      throw new Error('later step');
    });
    await expect(failing).rejects.toThrow('later step');
    expect(await inTransaction(db, (trx) => appendChange(trx, 'vendor', 'v', at))).toBe(1);
  });

  test('a reader that follows from position to position misses nothing that replicas record at once', async () => {
    const database = await open.fresh();
    const replicas = [database.db, database.connect(), database.connect()];
    const total = 45;
    const writing = Promise.all(
      Array.from({ length: total }, (_, n) =>
        inTransaction(replicas[n % 3] ?? database.db, async (trx) => {
          const position = await appendChange(trx, 'client', `c${n}`, at);
          // Later positions would overtake this one here, if the counter did not hold them.
          await sleep(n % 4);
          return position;
        }),
      ),
    );
    const reader = database.connect();
    const seen: number[] = [];
    while (seen.length < total) {
      for (const { position } of await readChanges(reader, seen.at(-1) ?? 0)) seen.push(position);
      await sleep(1);
    }
    const expected = Array.from({ length: total }, (_, n) => n + 1);
    expect((await writing).toSorted((a, b) => a - b)).toEqual(expected);
    expect(seen).toEqual(expected);
  });
});
