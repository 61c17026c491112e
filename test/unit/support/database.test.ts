import { expect, test } from 'vitest';

import type { Connection } from '../../../src/database/connection.ts';
import { migrateUp } from '../../../src/database/migrations.ts';
import { describeOnEachDialect } from '../../support/database.ts';

describeOnEachDialect('a database that tests are given', (open) => {
  /** Every table as it was made, and its rows. */
  async function everythingIn(db: Connection): Promise<Record<string, unknown>> {
    const listed =
      open.dialect === 'sqlite'
        ? await db('sqlite_master').select('name', 'sql').orderBy('name')
        : (await db.raw('show tables'))[0].flatMap(Object.values).map((name: string) => ({ name }));
    const everything: Record<string, unknown> = {};
    for (const { name, sql } of listed as { name: string; sql?: string | null }[]) {
      const made = sql === undefined ? (await db.raw('show create table ??', [name]))[0] : sql;
      const isTable = sql === undefined || sql?.startsWith('CREATE TABLE') === true;
      const rows: object[] = isTable ? await db(name).select() : [];
      // But when each migration ran, and by whom.
      const theirs = { migration_time: undefined, holder: undefined };
      everything[name] = [made, rows.map((row) => ({ ...row, ...theirs }))];
    }
    return everything;
  }

  test('is, to the letter, one that the migrations made', async () => {
    const [given, made] = [await open.fresh(), await open.empty()];
    await migrateUp(made.db);
    const everything = await everythingIn(made.db);
    expect(Object.keys(everything).length).toBeGreaterThan(20);
    expect(everything['knex_migrations']).toBeDefined();
    expect(await everythingIn(given.db)).toEqual(everything);
  });
});
