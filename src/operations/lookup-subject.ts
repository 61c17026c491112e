import type { By } from '../audit/by.ts';
import { appendAudit, lockHead } from '../audit/store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import { findSharedSubject } from '../subjects/shared.ts';
import type { OperationContext } from './context.ts';
import { admitLookup } from './lookup-admission.ts';
import { sectorOfClient } from './rotation-request.ts';

/** A pseudonym and the client that was given it. */
export interface LookupSubject {
  readonly clientId: string;
  readonly sub: string;
}

/** Who is behind it. */
export interface FoundSubject {
  readonly sector: string;
  /** Undefined: no user of the sector has this pseudonym, or had it within its grace. */
  readonly localSubject: string | undefined;
}

/**
 * The local subject behind a pseudonym. Recorded before it is told.
 *
 * @throws UnknownError for an unknown client, ThrottledError
 */
export async function lookupSubject(
  context: OperationContext,
  { clientId, sub }: LookupSubject,
  by: By,
): Promise<FoundSubject> {
  const { db, atRest, keyring, clock, log } = context;
  const sector = await orUnavailable(() => sectorOfClient(db, clientId));
  await admitLookup(context, by);
  const at = clock();
  const localSubject = await inTransaction(db, async (trx) => {
    // No erasure comes in between, after which the log would give the user a handle again.
    await lockHead(trx);
    const behind = await findSharedSubject(trx, atRest, sector, sub, at);
    const user =
      behind === undefined
        ? undefined
        : { sector, userIndex: indexUser(keyring.index, sector, behind) };
    const details = { found: behind !== undefined };
    const entry = { ...by, act: 'subject.looked_up', target: clientId, user, details } as const;
    await appendAudit(trx, entry, at);
    return behind;
  });
  const found = localSubject !== undefined;
  // The log names the pseudonym alone: with the local subject it would be a mapping table.
  log.warn(
    { event: 'subject_lookup', clientId, sector, sub, found, actor: by.actor, reason: by.reason },
    'a pseudonym was looked up',
  );
  return { sector, localSubject };
}
