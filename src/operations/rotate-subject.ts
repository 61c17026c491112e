import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import { sectorWithLinked, subjectSector } from '../database/sector-links.ts';
import { endUser } from '../database/subject-marks.ts';
import { namesOf } from '../subjects/former-names.ts';
import { rotateUser } from '../subjects/rotate.ts';
import { findNewest } from '../subjects/store.ts';
import { ConflictError, UnknownError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';
import { nameKeys, requireNoLinking } from './link-batch.ts';
import { requireLocalSubject } from './requested-user.ts';
import { graceFrom, requireGrace } from './rotation-request.ts';

/** One user of one sector who is to get a new pseudonym. */
export interface RotateSubject {
  readonly sector: string;
  readonly localSubject: string;
  /** Days for which the old one still resolves. */
  readonly graceDays: number;
  /** Whether tokens with the old one end; otherwise they keep it until the user logs in again. */
  readonly endSessions: boolean;
}

/** What became of the pseudonym. */
export interface RotatedSubject {
  readonly sector: string;
  readonly generation: number;
  readonly oldSub: string;
  readonly newSub: string;
  readonly graceUntil: Date;
}

/**
 * Gives one user of one sector a new, random pseudonym from now on, and with it all sectors that
 * are linked to it.
 *
 * @throws RegistrationError, UnknownError for a user without a pseudonym there,
 *   ConflictError where somebody else was first, or a link is not complete
 */
export async function rotateSubject(
  context: OperationContext,
  request: RotateSubject,
  by: By,
): Promise<RotatedSubject> {
  const { db, atRest, keyring, clock } = context;
  requireLocalSubject(request.localSubject);
  requireGrace(request.graceDays);
  const { endSessions } = request;
  const sector = await orUnavailable(() => subjectSector(db, request.sector));
  const user = { sector, userIndex: indexUser(keyring.index, sector, request.localSubject) };
  const seen = await orUnavailable(() => findNewest(db, user));
  const at = clock();
  const graceUntil = graceFrom(at, request.graceDays);
  const done = await inTransaction(db, async (trx) => {
    await requireNoLinking(trx);
    const rotated = await rotateUser(trx, atRest, user, { at, graceUntil });
    if (rotated === undefined) {
      throw new UnknownError(`The user has no pseudonym in the sector "${sector}".`);
    }
    const { old, made } = rotated;
    if (old.generation !== seen?.generation) {
      throw new ConflictError('The user was given another pseudonym at this very moment.');
    }
    if (endSessions) {
      const { names, past } = await namesOf(trx, nameKeys(context), request.localSubject, at);
      for (const each of await sectorWithLinked(trx, sector)) {
        for (const name of new Set([request.localSubject, ...names, ...past])) {
          await endUser(trx, atRest, indexUser(keyring.index, each, name), at);
        }
      }
    }
    const details = { grace_days: request.graceDays, ended_sessions: endSessions };
    await appendAudit(trx, { ...by, act: 'subject.rotated', target: sector, user, details }, at);
    const { generation, sub: newSub } = made;
    return { sector, generation, oldSub: old.sub, newSub, graceUntil };
  });
  context.pseudonymsMade?.({ sector, origin: 'rotation', count: 1 });
  return done;
}
