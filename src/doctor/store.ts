import type { Connection } from '../database/connection.ts';

/** Whether the database holds the wrapped roots; without them, `serve` makes them. */
export async function hasRoots(db: Connection): Promise<boolean> {
  return (await db<{ name: Buffer }>('roots').first('name')) !== undefined;
}

/** Whether the first salt has been seeded; without it, `serve` does so. */
export async function hasSalt(db: Connection): Promise<boolean> {
  return (await db<{ version: number }>('salts').first('version')) !== undefined;
}
