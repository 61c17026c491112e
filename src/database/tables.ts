import type { Knex } from 'knex';

/** What a migration is: its name carries no file extension, so that source and build agree. */
export interface Migration {
  readonly name: string;
  up(db: Knex): Promise<void>;
  down(db: Knex): Promise<void>;
}

/**
 * Creates a table. MySQL commits each change of the schema by itself, so a
 * migration that was killed half-way leaves tables behind: an empty one is
 * made anew, one with rows in it is left alone and reported.
 */
export async function createTable(
  db: Knex,
  name: string,
  columns: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (await db.schema.hasTable(name)) {
    if ((await db(name).first()) !== undefined) {
      throw new Error(
        `The table ${name} holds rows, but the migration that creates it is not recorded as done. ` +
          'Restore the table knex_migrations from a backup, or point DATABASE_URL to an empty database.',
      );
    }
    await db.schema.dropTable(name);
  }
  await db.schema.createTable(name, (table) => {
    if (isMysql(db)) {
      table.engine('InnoDB');
      table.charset('utf8mb4');
      table.collate('utf8mb4_bin');
    }
    columns(table);
  });
}

/** Drops tables in the order given: those that refer to others first. */
export async function dropTables(db: Knex, ...names: readonly string[]): Promise<void> {
  for (const name of names) await db.schema.dropTableIfExists(name);
}

/** Drops columns, with the index that a column may have alone; those that are gone already stay gone. */
export async function dropColumns(
  db: Knex,
  table: string,
  ...columns: readonly string[]
): Promise<void> {
  for (const column of columns) {
    if (!(await db.schema.hasColumn(table, column))) continue;
    // MySQL drops the index together with its only column.
    if (!isMysql(db)) await db.raw('drop index if exists ??', [`${table}_${column}_index`]);
    // knex would copy the whole table on SQLite, which drops a column by itself.
    await db.raw('alter table ?? drop column ??', [table, column]);
  }
}

/** Whether the connection speaks to MySQL or MariaDB. */
function isMysql(db: Knex): boolean {
  return db.client.dialect === 'mysql';
}

/** Longest identifier in bytes: OpenID Connect Core 2 allows a `sub` 255 ASCII characters. */
export const IDENTIFIER = 255;

/** Bytes of a SHA-256 or HMAC-SHA-256 value. */
export const HASH = 32;
