import type { Connection } from '../database/connection.ts';
import { isUnavailable } from '../database/connection.ts';
import { ok, problem, type Finding } from './finding.ts';

/** Each is refused where the right is missing, and touches no row where it is not. */
const STATEMENTS = {
  select: 'select 1 from ?? where 1 = 0',
  insert: 'insert into ?? select * from ?? where 1 = 0',
  update: 'update ?? set ?? = ?? where 1 = 0',
  delete: 'delete from ?? where 1 = 0',
} as const;

type Right = keyof typeof STATEMENTS;

/** Tries what `serve` does to every table, on no row of it. */
export async function privilegeFinding(
  db: Connection,
  tables: ReadonlyMap<string, string>,
): Promise<Finding> {
  const missing = new Map<Right, string[]>();
  for (const [table, column] of tables) {
    for (const right of Object.keys(STATEMENTS) as Right[]) {
      if (await isAllowed(db, right, table, column)) continue;
      missing.set(right, [...(missing.get(right) ?? []), table]);
    }
  }
  if (missing.size === 0) {
    const message = `Its user may read and write all ${tables.size} tables.`;
    return ok('database_privileges', message);
  }
  const named = [...missing].map(
    ([right, names]) => `${right} (${names.length === tables.size ? 'all' : names.join(', ')})`,
  );
  const message = `Its user may not do what \`serve\` has to, or the server is read-only: ${named.join('; ')}.`;
  const hint =
    'Grant SELECT, INSERT, UPDATE and DELETE on the database; `migrate` needs CREATE, ALTER, DROP, INDEX and REFERENCES as well.';
  return problem('database_privileges', message, hint);
}

async function isAllowed(
  db: Connection,
  right: Right,
  table: string,
  column: string,
): Promise<boolean> {
  const values = {
    ...{ select: [table], insert: [table, table], delete: [table] },
    update: [table, column, column],
  };
  try {
    await db.raw(STATEMENTS[right], values[right]);
    return true;
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return false;
  }
}
