import type { Transaction } from '../database/connection.ts';
import { ORIGINAL_SUBJECT, sealIdToken } from '../database/logout-sessions.ts';
import { insertSession } from '../database/sessions.ts';
import { spend } from '../database/spent.ts';
import { failure } from '../result.ts';
import type { Result } from '../result.ts';
import type { Client } from '../vendors/client.ts';
import type { ArrivingUser, Mint, Since } from './create.ts';
import { browserIndex, upstreamSidIndex } from './session-index.ts';
import type { Pseudonym } from './store.ts';

/** A user of a client whose authentication the upstream has confirmed. */
export interface Arrival {
  readonly client: Client;
  readonly localSubject: string;
  /** Where the login stood when the upstream answered; undefined: now. */
  readonly since?: Since;
  /** The code to consume in the same transaction. */
  readonly spend?: Parameters<typeof spend>[1];
  /** The grant to record in the same transaction. */
  readonly session?: {
    readonly grantId: string;
    readonly sid?: string;
    readonly upstreamSid?: string;
    /** The hash of the cookie that binds the browser. */
    readonly browser?: string;
    /** The upstream's ID token, to be kept for the logout. */
    readonly upstreamIdToken?: string;
    readonly expiresAt: Date;
  };
}

/**
 * Spends the code, finds the subject, records the grant: in this order, in one
 * transaction. The session keeps the pseudonym for a logout token, never the local subject.
 *
 * @returns `code_replayed` if the code was spent before, with nothing written; what `find` returns
 */
export async function recordArrival<T>(
  trx: Transaction,
  mint: Pick<Mint, 'clock' | 'indexRoot' | 'atRest'>,
  arrival: Arrival,
  user: ArrivingUser,
  find: () => Promise<Result<T>>,
  pseudonymIn: (found: T) => Pick<Pseudonym, 'sub' | 'userIndex'> | undefined,
): Promise<Result<T>> {
  if (arrival.spend !== undefined && !(await spend(trx, arrival.spend))) {
    return failure('code_replayed');
  }
  const found = await find();
  if (found.ok && arrival.session !== undefined) {
    const { upstreamSid, browser, upstreamIdToken, ...session } = arrival.session;
    const { sub: releasedSub, userIndex } = pseudonymIn(found.value) ?? {
      ...{ sub: ORIGINAL_SUBJECT, userIndex: user.userIndex },
    };
    const { indexRoot, atRest } = mint;
    await insertSession(trx, {
      ...session,
      ...(upstreamSid !== undefined && {
        upstreamSidIndex: upstreamSidIndex(indexRoot, user.sector, upstreamSid),
      }),
      ...(browser !== undefined && { browserIndex: browserIndex(indexRoot, user.sector, browser) }),
      ...(upstreamIdToken !== undefined && {
        upstreamIdToken: sealIdToken(atRest, session.grantId, upstreamIdToken),
      }),
      releasedSub,
      clientId: arrival.client.clientId,
      sector: user.sector,
      userIndex,
      createdAt: mint.clock(),
    });
  }
  return found;
}
