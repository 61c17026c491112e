import type { Connection } from './connection.ts';
import { orUnavailable } from './failures.ts';

/** Rows deleted by one statement: few enough that nobody waits long for their locks. */
const BATCH = 1000;

type ExpiringTable =
  | 'sessions'
  | 'spent'
  | 'sealed_references'
  | 'logout_deliveries'
  | 'subject_marks'
  | 'subject_changes'
  | 'former_names'
  | 'admin_requests'
  | 'mapping_tokens'
  | 'initial_access_tokens';

/** Deletes the rows of a table whose `expires_at` has come, oldest first; returns how many. */
export function purgeExpired(db: Connection, table: ExpiringTable, now: Date): Promise<number> {
  return purge(db, table, 'expires_at', now);
}

/** Milliseconds for which an operator still finds a token that has expired in its list. */
const TOKENS_SHOWN = 30 * 86_400_000;

/** Deletes the tokens of vendors that expired 30 days ago or before; returns how many. */
export async function purgeVendorTokens(db: Connection, now: Date): Promise<number> {
  const before = new Date(now.getTime() - TOKENS_SHOWN);
  const mapping = await purgeExpired(db, 'mapping_tokens', before);
  return mapping + (await purgeExpired(db, 'initial_access_tokens', before));
}

/** Deletes the pseudonyms that were replaced and whose grace is over; returns how many. */
export function purgeRetired(db: Connection, now: Date): Promise<number> {
  return purge(db, 'pseudonyms', 'grace_until', now);
}

async function purge(db: Connection, table: string, column: string, now: Date): Promise<number> {
  return orUnavailable(async () => {
    let purged = 0;
    for (;;) {
      const last = await db(table)
        .where(column, '<=', now.getTime())
        .orderBy(column)
        .offset(BATCH - 1)
        .first<Record<string, number> | undefined>(column);
      const until = last?.[column] ?? now.getTime();
      purged += await db(table).where(column, '<=', until).del();
      if (last === undefined) return purged;
    }
  });
}
