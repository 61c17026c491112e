import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import type { AuditedUser } from '../audit/store.ts';
import { appendAudit, forgetUser } from '../audit/store.ts';
import { forgetAnswersOnUsers } from '../database/admin-requests.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { accountIndex, deleteAccountSessions } from '../database/account-sessions.ts';
import { appendChange } from '../database/changes.ts';
import { inTransaction } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { deleteDeliveriesOf } from '../database/logout-deliveries.ts';
import { holdLinks, inOrderOfMoves, requireNoNewLinks } from '../database/sector-links.ts';
import { endUser } from '../database/subject-marks.ts';
import { eraseInSector } from '../subjects/erase.ts';
import { forgetFormerNames, namesOf } from '../subjects/former-names.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { forgetPilots } from '../vendors/phase-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { requireLocalSubject } from './requested-user.ts';

/** What an erasure did; of the user it says nothing. */
export interface Erasure {
  /** Names it in the audit log; random. */
  readonly id: string;
  /** False: nothing was known of the user. */
  readonly erased: boolean;
  readonly sectors: number;
  readonly pseudonyms: number;
  readonly sessions: number;
  /** Where the audit log proves it. */
  readonly auditPosition: number;
  readonly at: Date;
}

/**
 * Erases a user everywhere, in one transaction: pseudonyms in all generations,
 * sessions, what was on its way to vendors, and the way from the audit log to the
 * user. Tokens that are out stop within 5 s. What stays guarantees that the user
 * gets other pseudonyms if they come back, and names nobody.
 *
 * @throws RegistrationError for what no user can be called
 */
export async function eraseSubject(
  context: OperationContext,
  localSubject: string,
  by: By,
): Promise<Erasure> {
  requireLocalSubject(localSubject);
  const id = randomBytes(12).toString('hex');
  const at = context.clock();
  const erasure = await inTransaction(context.db, async (trx) => {
    const erased = await eraseEverywhere(trx, context, localSubject, at);
    const entry = { ...by, act: 'subject.erased', target: id, details: erased } as const;
    return { ...erased, auditPosition: await appendAudit(trx, entry, at) };
  });
  context.log.warn({ event: 'subject_erased', erasure: id, actor: by.actor }, 'a user was erased');
  return { ...erasure, id, at, erased: erasure.sectors > 0 };
}

async function eraseEverywhere(
  trx: Transaction,
  context: OperationContext,
  localSubject: string,
  at: Date,
): Promise<Pick<Erasure, 'sectors' | 'pseudonyms' | 'sessions'>> {
  const { atRest, keyring } = context;
  const total = { sectors: 0, pseudonyms: 0, sessions: 0 };
  const { names, past } = await namesOf(trx, nameKeys(context), localSubject, at);
  const ended: Uint8Array[] = [];
  const users: AuditedUser[] = [];
  const indexes = new Set<string>();
  const subs = new Map<string, string[]>();
  const links = await holdLinks(trx);
  for (const sector of inOrderOfMoves(await sectorsInUse(trx), links)) {
    let isKnown = false;
    for (const name of names) {
      const userIndex = indexUser(keyring.index, sector, name);
      const user = { sector, userIndex, localSubject: name };
      const eraser = { atRest, tombstoneRoot: keyring.tombstone };
      const erased = await eraseInSector(trx, eraser, user);
      users.push(user);
      indexes.add(userIndex.toString('base64url'));
      if (erased === undefined && name === names[0]) continue;
      ended.push(userIndex);
      if (erased === undefined) continue;
      isKnown = true;
      subs.set(sector, [...(subs.get(sector) ?? []), ...erased.subs]);
      total.pseudonyms += erased.pseudonyms;
      total.sessions += erased.sessions;
    }
    if (isKnown) total.sectors += 1;
    // Somebody else may bear such a name today, and logs in again.
    for (const name of past) ended.push(indexUser(keyring.index, sector, name));
  }
  await requireNoNewLinks(trx, links);
  // A linked sector's clients were given what stood in the other one.
  for (const { sector, into } of links) {
    const shared = subs.get(into);
    if (shared === undefined) continue;
    await deleteDeliveriesOf(trx, atRest, sector, { subs: shared, sids: [] });
    for (const name of names) ended.push(indexUser(keyring.index, sector, name));
  }
  await forgetFormerNames(trx, nameKeys(context), [...names, ...past]);
  const clients = await forgetPilots(trx, indexes);
  await forgetAnswersOnUsers(trx);
  for (const name of names) {
    await deleteAccountSessions(trx, accountIndex(keyring.index, name));
  }
  // The change log stays locked from here on, so it comes behind all that may wait for others.
  for (const userIndex of ended) await endUser(trx, atRest, userIndex, at);
  for (const clientId of clients) await appendChange(trx, 'client', clientId, at);
  // The head of the audit log is locked last of all.
  for (const user of users) await forgetUser(trx, user);
  return total;
}
