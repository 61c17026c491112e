import type { Connection } from '../database/connection.ts';

/** Whether the database holds the wrapped roots; without them, `serve` makes them. */
export async function hasRoots(db: Connection): Promise<boolean> {
  return (await db<{ name: Buffer }>('roots').first('name')) !== undefined;
}

/** The tables of ours, each with the name of a column. */
export async function readTables(
  db: Connection,
  dialect: 'sqlite' | 'mysql',
): Promise<ReadonlyMap<string, string>> {
  const rows: { name: string; part: string }[] =
    dialect === 'sqlite'
      ? await db.raw(
          'select tables.name as name, columns.name as part from sqlite_master as tables ' +
            "join pragma_table_info(tables.name) as columns where tables.type = 'table' " +
            "and tables.name not like 'sqlite%'",
        )
      : (
          (await db.raw(
            'select table_name as name, column_name as part from information_schema.columns ' +
              'where table_schema = database()',
          )) as [{ name: string; part: string }[]]
        )[0];
  const ours = rows.filter(({ name }) => !name.startsWith('knex') && name !== 'migration_lease');
  return new Map(ours.map(({ name, part }) => [name, part]));
}

/** Whether the first salt has been seeded; without it, `serve` does so. */
export async function hasSalt(db: Connection): Promise<boolean> {
  return (await db<{ version: number }>('salts').first('version')) !== undefined;
}
