import type { Phase } from '../vendors/client.ts';
import type { MigrationPolicy } from '../vendors/migration-members.ts';

/**
 * The claim in which a client in mode `dual` is shown the original subject, while
 * its end date has not come; no claim in every other case. `public` and `shadow`
 * show it as `sub` anyway.
 */
export function formerSubject(
  migration: MigrationPolicy | undefined,
  mode: Phase,
  localSubject: string,
  now: Date,
): Readonly<Record<string, unknown>> {
  if (migration?.mode !== 'dual' || mode !== 'pairwise') return {};
  const isOver = !(now.getTime() < new Date(migration.until).getTime());
  return isOver ? {} : { [migration.claim]: localSubject };
}
