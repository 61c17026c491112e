import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { describeOnEachDialect } from '../../support/database.ts';

/** Many users in a few sectors, some with several generations: enough for a planner to care. */
async function manyPseudonyms(db: Connection): Promise<void> {
  const rows = Array.from({ length: 3_000 }, (_, n) => ({
    sector: bytes(`s${n % 3}.example`),
    user_index: Buffer.alloc(32, n % 200),
    generation: 1 + Math.floor(n / 600),
    sub: randomBytes(32),
    local_subject: randomBytes(320),
    salt_version: 1,
    algorithm: 'random',
    created_at: 1,
  }));
  for (let n = 0; n < rows.length; n += 100) {
    await db('pseudonyms').insert(rows.slice(n, n + 100));
  }
}

describeOnEachDialect('the hot read', (open) => {
  test('finds the newest generation of one user by one indexed read, without a scan or a sort', async () => {
    const { db } = await open.fresh();
    await manyPseudonyms(db);
    const newest = db('pseudonyms')
      .where({ sector: bytes('s1.example'), user_index: Buffer.alloc(32, 7) })
      .orderBy('generation', 'desc')
      .limit(1);
    const { sql, bindings } = newest.toSQL().toNative();
    expect(await newest.first('generation')).toEqual({ generation: 5 });

    if (open.dialect === 'sqlite') {
      const plan = await db.raw(`explain query plan ${sql}`, bindings);
      expect(plan).toHaveLength(1);
      expect(plan[0].detail).toMatch(
        /^SEARCH pseudonyms USING INDEX sqlite_autoindex_pseudonyms_1 \(sector=\? AND user_index=\?\)$/,
      );
      return;
    }
    const [plan] = await db.raw(`explain ${sql}`, bindings);
    expect(plan).toHaveLength(1);
    expect(plan[0]).toMatchObject({ type: 'ref', key: 'PRIMARY', ref: 'const,const' });
    expect(Number(plan[0].rows)).toBeLessThanOrEqual(10);
    expect(plan[0].Extra).not.toMatch(/filesort|temporary/);
  });

  test('finds the owner of a subject by one indexed read', async () => {
    const { db } = await open.fresh();
    await manyPseudonyms(db);
    const row = await db('pseudonyms').first('sector', 'sub');
    const { sql, bindings } = db('pseudonyms').where(row).toSQL().toNative();
    if (open.dialect === 'sqlite') {
      const plan = await db.raw(`explain query plan ${sql}`, bindings);
      expect(plan[0].detail).toMatch(
        /USING INDEX pseudonyms_sector_sub_unique \(sector=\? AND sub=\?\)/,
      );
      return;
    }
    const [plan] = await db.raw(`explain ${sql}`, bindings);
    expect(plan[0]).toMatchObject({ type: 'const', key: 'pseudonyms_sector_sub_unique' });
  });
});
