import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { mapSubjects } from '../subjects/mapping.ts';
import type { Mapping } from '../subjects/mapping.ts';
import type { Client } from '../vendors/client.ts';
import type { OperationContext } from './context.ts';

/**
 * Tells a vendor the new subjects of users whom it has, and records that it asked.
 * Without the record there is no answer.
 *
 * @throws Refusal `database_unavailable`
 */
export async function answerMapping(
  {
    db,
    keyring,
    clock,
  }: Pick<OperationContext, 'db' | 'clock'> & {
    readonly keyring: Pick<OperationContext['keyring'], 'index'>;
  },
  client: Pick<Client, 'clientId' | 'sector'>,
  olds: readonly string[],
  by: By,
): Promise<Mapping> {
  const at = clock();
  return inTransaction(db, async (trx) => {
    const mapping = await mapSubjects(trx, keyring.index, client.sector, olds, at);
    const details = { asked: olds.length, answered: mapping.size };
    const entry = { ...by, act: 'mapping.answered', target: client.clientId, details } as const;
    await appendAudit(trx, entry, at);
    return mapping;
  });
}
