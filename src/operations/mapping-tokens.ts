import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { readClient } from '../vendors/client-store.ts';
import {
  deleteMappingTokens,
  insertMappingToken,
  readMappingTokens,
  type MappingToken,
} from '../vendors/mapping-token-store.ts';
import { RegistrationError, UnknownError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';

/** For which client a token is good, and for how many days: 1 to 90. */
export interface CreateMappingToken {
  readonly clientId: string;
  readonly days: number;
}

type TokenContext = Pick<OperationContext, 'db' | 'atRest' | 'clock'>;

const DAY = 86_400_000;
const MOST_DAYS = 90;

/**
 * Lets the vendor of a client ask for the new subjects of its users for a while.
 * The token is in the answer and nowhere else.
 *
 * @throws RegistrationError, UnknownError
 */
export async function createMappingToken(
  { db, atRest, clock }: TokenContext,
  { clientId, days }: CreateMappingToken,
  by: By,
): Promise<MappingToken & { readonly token: string }> {
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS) {
    const wrong = 'is not a whole number in its range';
    throw new RegistrationError([{ path: ['days'], wrong, right: `give 1 to ${MOST_DAYS}` }]);
  }
  const createdAt = clock();
  const row: MappingToken = {
    ...{ id: randomBytes(6).toString('hex'), clientId, createdAt },
    expiresAt: new Date(createdAt.getTime() + days * DAY),
  };
  const token = `ppm_${randomBytes(32).toString('base64url')}`;
  await inTransaction(db, async (trx) => {
    await readClient(trx, atRest, clientId);
    await insertMappingToken(trx, token, row);
    const details = { client: clientId, days };
    const entry = { ...by, act: 'mapping_token.created', target: row.id, details } as const;
    await appendAudit(trx, entry, createdAt);
  });
  return { ...row, token };
}

/** The tokens of a client, newest first. Throws UnknownError. */
export async function listMappingTokens(
  { db, atRest }: Omit<TokenContext, 'clock'>,
  clientId: string,
): Promise<readonly MappingToken[]> {
  await readClient(db, atRest, clientId);
  return readMappingTokens(db, clientId);
}

/** Ends a token. Throws UnknownError. */
export async function revokeMappingToken(
  { db, clock }: Omit<TokenContext, 'atRest'>,
  { clientId, id }: Pick<MappingToken, 'clientId' | 'id'>,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await deleteMappingTokens(trx, clientId, id))) {
      throw new UnknownError(`The client "${clientId}" has no token "${id}".`);
    }
    const details = { client: clientId };
    await appendAudit(trx, { ...by, act: 'mapping_token.revoked', target: id, details }, at);
  });
}
