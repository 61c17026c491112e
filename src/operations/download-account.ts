import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import type { OperationContext } from './context.ts';
import { collectSubject } from './export-subject.ts';
import type { ExportedSubject } from './export-subject.ts';

/**
 * All that is held on a user, for that very user: as `subject export`, without its
 * limit, which is for those who ask about others. Recorded before it is told; the
 * record does not say whose.
 *
 * @throws RegistrationError; Refusal `database_unavailable`
 */
export async function downloadAccount(
  context: OperationContext,
  localSubject: string,
  by: By,
): Promise<ExportedSubject> {
  const exported = await collectSubject(context, localSubject);
  const details = { sectors: exported.sectors.length };
  const entry = { ...by, act: 'account.downloaded', target: 'user', details } as const;
  await inTransaction(context.db, (trx) => appendAudit(trx, entry, context.clock()));
  return exported;
}
