import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import type { Level } from '../observability/log-level.ts';
import type { OperationContext } from './context.ts';

/** How much this replica logs, and how to have it log more or less. */
export interface LogLevelControl {
  current(): Level;
  change(level: Level): void;
}

/**
 * Lets this replica, with all its workers, log more or less until it ends. Recorded first: what
 * was not logged cannot be looked up afterwards.
 *
 * @throws Refusal `database_unavailable`
 */
export async function changeLogLevel(
  { db, clock, log }: Pick<OperationContext, 'db' | 'clock' | 'log'>,
  control: LogLevelControl,
  level: Level,
  by: By,
): Promise<void> {
  const details = { level, before: control.current() };
  const entry = { ...by, act: 'log_level.changed', target: 'proxy', details } as const;
  await inTransaction(db, (trx) => appendAudit(trx, entry, clock()));
  // While the former level still holds: the next may be silent.
  log.warn(
    { event: 'log_level', from: details.before, to: level, actor: by.actor },
    'the log level changes',
  );
  control.change(level);
}
