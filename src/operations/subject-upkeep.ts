import { purgeExpired, purgeRetired } from '../database/purge.ts';
import { purgeLookups } from '../subjects/lookups.ts';
import { purgeShadowLogins } from '../subjects/shadow-logins.ts';
import type { OperationContext } from './context.ts';
import { destroyDueSalts } from './salt-rotation.ts';

/** Forgets what a user's pseudonyms leave for a while: graces, marks, changes, salts. */
export async function keepSubjects(context: OperationContext): Promise<void> {
  const { db, clock, log } = context;
  const now = clock();
  const retired = await purgeRetired(db, now);
  const marks = await purgeExpired(db, 'subject_marks', now);
  const changes = await purgeExpired(db, 'subject_changes', now);
  const names = await purgeExpired(db, 'former_names', now);
  await purgeLookups(db, now);
  await purgeShadowLogins(db, now);
  const salts = await destroyDueSalts(context);
  log.debug({ retired, marks, changes, names, salts }, 'pseudonyms past their grace removed');
}
