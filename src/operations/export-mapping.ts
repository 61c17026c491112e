import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { givenMappings } from '../subjects/mapping-pages.ts';
import type { GivenMapping } from '../subjects/mapping-pages.ts';
import { readClient } from '../vendors/client-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';

/** Users of one read. */
const PAGE = 1000;

/**
 * The old and the new subject of every user whom the vendor of a client has under the
 * original one, page by page. That it was asked for is recorded before the first page leaves.
 *
 * @throws UnknownError; Refusal `database_unavailable`
 */
export async function* exportMapping(
  context: OperationContext,
  clientId: string,
  by: By,
): AsyncGenerator<readonly GivenMapping[]> {
  const { db, atRest, clock } = context;
  const { client } = await readClient(db, atRest, clientId);
  const details = { sector: client.sector };
  await inTransaction(db, async (trx) => {
    const entry = { ...by, act: 'mapping.exported', target: clientId, details } as const;
    await appendAudit(trx, entry, clock());
  });
  yield* givenMappings(db, nameKeys(context), client.sector, PAGE);
}
