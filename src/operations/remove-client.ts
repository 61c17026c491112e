import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { deleteClient } from '../vendors/client-store.ts';
import type { OperationContext } from './context.ts';

/** A client to be removed, as the operator has seen it. */
interface RemoveClient {
  readonly clientId: string;
  /** The state that the operator has seen; any other is a `ConflictError`. */
  readonly revision?: number | undefined;
}

/**
 * Removes a client with its recorded phases; its sector stays the vendor's while
 * pseudonyms are in it.
 *
 * @throws UnknownError, ConflictError
 */
export async function removeClient(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  { clientId, revision }: RemoveClient,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    await deleteClient(trx, clientId, { at, revision });
    await appendAudit(trx, { ...by, act: 'client.deleted', target: clientId }, at);
  });
}
