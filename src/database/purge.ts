import type { Connection } from './connection.ts';
import { orUnavailable } from './failures.ts';

/** Rows deleted by one statement: few enough that nobody waits long for their locks. */
const BATCH = 1000;

type PurgedTable =
  | 'sessions'
  | 'spent'
  | 'sealed_references'
  | 'logout_deliveries'
  | 'subject_marks'
  | 'subject_changes';

/** Deletes the rows of a table whose `expires_at` has come, oldest first; returns how many. */
export async function purgeExpired(db: Connection, table: PurgedTable, now: Date): Promise<number> {
  return orUnavailable(async () => {
    let purged = 0;
    for (;;) {
      const last = await db(table)
        .where('expires_at', '<=', now.getTime())
        .orderBy('expires_at')
        .offset(BATCH - 1)
        .first<{ expires_at: number } | undefined>('expires_at');
      const until = last?.expires_at ?? now.getTime();
      purged += await db(table).where('expires_at', '<=', until).del();
      if (last === undefined) return purged;
    }
  });
}
