import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { insertSession } from '../database/sessions.ts';
import { spend } from '../database/spent.ts';
import { failure } from '../result.ts';
import type { Result } from '../result.ts';
import type { Client } from '../vendors/client.ts';
import type { ArrivingUser, Mint } from './create.ts';

/** A user of a client whose authentication the upstream has confirmed. */
export interface Arrival {
  readonly client: Client;
  readonly localSubject: string;
  /** The code to consume in the same transaction. */
  readonly spend?: Parameters<typeof spend>[1];
  /** The grant to record in the same transaction. */
  readonly session?: {
    readonly grantId: string;
    readonly sid?: string;
    readonly upstreamSid?: string;
    readonly expiresAt: Date;
  };
}

/**
 * Spends the code, finds the subject, records the grant: in this order, in one
 * transaction.
 *
 * @returns `code_replayed` if the code was spent before, with nothing written; what `find` returns
 */
export async function recordArrival<T>(
  trx: Transaction,
  mint: Pick<Mint, 'clock' | 'indexRoot'>,
  arrival: Arrival,
  user: ArrivingUser,
  find: () => Promise<Result<T>>,
): Promise<Result<T>> {
  if (arrival.spend !== undefined && !(await spend(trx, arrival.spend))) {
    return failure('code_replayed');
  }
  const found = await find();
  if (found.ok && arrival.session !== undefined) {
    const { upstreamSid, ...session } = arrival.session;
    await insertSession(trx, {
      ...session,
      ...(upstreamSid !== undefined && {
        upstreamSidIndex: upstreamSidIndex(mint.indexRoot, user.sector, upstreamSid),
      }),
      clientId: arrival.client.clientId,
      sector: user.sector,
      userIndex: user.userIndex,
      createdAt: mint.clock(),
    });
  }
  return found;
}

/**
 * Under what a session is found by the upstream's `sid`. Another in every sector: one for all
 * would tie the user's rows in different sectors together.
 */
function upstreamSidIndex(indexRoot: Uint8Array, sector: string, upstreamSid: string): Buffer {
  return indexUser(indexRoot, `upstream sid in ${sector}`, upstreamSid);
}
