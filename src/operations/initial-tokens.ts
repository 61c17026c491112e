import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { RegistrationError, UnknownError } from '../vendors/problem.ts';
import {
  deleteInitialToken,
  insertInitialToken,
  readInitialTokens,
  type InitialToken,
} from '../vendors/registration-store.ts';
import { readVendors } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** A token that lets a vendor register clients: how often, and until when. */
export interface CreateInitialToken {
  readonly vendorId: string;
  /** 1 to 1000. */
  readonly uses: number;
  /** 1 to 366. */
  readonly days: number;
}

type TokenContext = Pick<OperationContext, 'db' | 'clock'>;

const DAY = 86_400_000;

/**
 * Issues an initial access token (RFC 7591 3). The token is in the answer and nowhere else.
 *
 * @throws RegistrationError, UnknownError
 */
export async function createInitialToken(
  { db, clock }: TokenContext,
  { vendorId, uses, days }: CreateInitialToken,
  by: By,
): Promise<InitialToken & { readonly token: string }> {
  mustLie('uses', uses, 1000);
  mustLie('days', days, 366);
  const createdAt = clock();
  const expiresAt = new Date(createdAt.getTime() + days * DAY);
  const id = randomBytes(6).toString('hex');
  const token = `ppi_${randomBytes(32).toString('base64url')}`;
  const row: InitialToken = { id, vendorId, usesLeft: uses, createdAt, expiresAt };
  await inTransaction(db, async (trx) => {
    const [vendor] = await readVendors(trx, [vendorId]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${vendorId}".`);
    await insertInitialToken(trx, token, row);
    const details = { vendor: vendorId, uses, days };
    await appendAudit(trx, { ...by, act: 'initial_token.created', target: id, details }, createdAt);
  });
  return { ...row, token };
}

/** The initial access tokens of a vendor, newest first. Throws UnknownError. */
export async function listInitialTokens(
  { db }: Pick<TokenContext, 'db'>,
  vendorId: string,
): Promise<readonly InitialToken[]> {
  const [vendor] = await readVendors(db, [vendorId]);
  if (vendor === undefined) throw new UnknownError(`There is no vendor "${vendorId}".`);
  return readInitialTokens(db, vendorId);
}

/** Ends an initial access token; clients that it registered stay. Throws UnknownError. */
export async function revokeInitialToken(
  { db, clock }: TokenContext,
  { vendorId, id }: Pick<InitialToken, 'vendorId' | 'id'>,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await deleteInitialToken(trx, vendorId, id))) {
      throw new UnknownError(`The vendor "${vendorId}" has no token "${id}".`);
    }
    const details = { vendor: vendorId };
    await appendAudit(trx, { ...by, act: 'initial_token.revoked', target: id, details }, at);
  });
}

function mustLie(member: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const wrong = 'is not a whole number in its range';
  throw new RegistrationError([{ path: [member], wrong, right: `give 1 to ${most}` }]);
}
