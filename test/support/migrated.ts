import { migrateUp } from '../../src/database/migrations.ts';
import type { Connection } from '../../src/database/connection.ts';
import type { SqliteDatabase } from './database.ts';
import { mysqlDatabase, sqliteDatabase } from './database.ts';

/** A SQLite database with the current schema, whose file is to be copied. */
export async function migratedSqlite(): Promise<SqliteDatabase> {
  const database = await sqliteDatabase();
  await migrateUp(database.db);
  // Else the newest pages stand beside the file.
  await database.db.raw('pragma wal_checkpoint(truncate)');
  return database;
}

/**
 * The statements that make the current schema in an empty database.
 *
 * @param serverUrl a MySQL or MariaDB server whose user may create databases
 */
export async function migratedMysql(serverUrl: string): Promise<string> {
  const { db, close } = await mysqlDatabase(serverUrl);
  try {
    await migrateUp(db);
    return await statementsOf(db);
  } finally {
    await close();
  }
}

/** What makes the tables of a database with their rows, whichever refers to which. */
async function statementsOf(db: Connection): Promise<string> {
  const [tables] = (await db.raw('show tables')) as [Record<string, string>[]];
  const statements = ['set foreign_key_checks = 0'];
  for (const table of tables.flatMap((row) => Object.values(row))) {
    const [[made]] = (await db.raw('show create table ??', [table])) as [[Record<string, string>]];
    statements.push(String(made['Create Table']));
    const rows: object[] = await db(table).select();
    if (rows.length > 0) statements.push(db(table).insert(rows).toString());
  }
  return statements.join(';\n');
}
