import type { Connection } from './connection.ts';

/** Told when a query begins; what it returns is told how it ended. */
type QueryWatcher = (operation: string) => ((failed: boolean) => void) | undefined;

interface Query {
  readonly __knexQueryUid: string;
  readonly sql?: string;
}

/** The first word of a statement; nothing else of it leaves here. */
const OPERATION = /^\s*([a-z]{2,12})\b/i;

/** Shows a watcher every query of a pool: which kind it is, and that it is over. */
export function watchQueries(db: Connection, begin: QueryWatcher): void {
  const underWay = new Map<string, (failed: boolean) => void>();
  const over = (id: string, failed: boolean): void => {
    underWay.get(id)?.(failed);
    underWay.delete(id);
  };
  db.on('query', ({ __knexQueryUid: id, sql = '' }: Query) => {
    const end = begin(OPERATION.exec(sql)?.[1]?.toLowerCase() ?? 'other');
    if (end !== undefined) underWay.set(id, end);
  });
  db.on('query-response', (_answer: unknown, { __knexQueryUid: id }: Query) => over(id, false));
  db.on('query-error', (_error: unknown, { __knexQueryUid: id }: Query) => over(id, true));
}
