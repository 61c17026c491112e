import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import type { PseudonymAlgorithm } from '../config/types.ts';
import { inTransaction, isUniqueViolation, orUnavailable } from '../database/connection.ts';
import {
  destroySalt,
  dueSalts,
  insertNextSalt,
  isStillUsed,
  listSalts,
  newestSalt,
} from '../subjects/salts/rotation.ts';
import type { SaltVersion } from '../subjects/salts/rotation.ts';
import { ConflictError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';
import { graceFrom, requireGrace } from './rotation-request.ts';

/** A new version of the salt. */
export interface RotateSalt {
  /** Days until the version before is destroyed. */
  readonly graceDays: number;
  readonly algorithm: PseudonymAlgorithm;
}

/** Every version of the salt, and how many pseudonyms were derived from each. */
export function saltStatus({ db }: Pick<OperationContext, 'db'>): Promise<readonly SaltVersion[]> {
  return orUnavailable(() => listSalts(db));
}

/**
 * Derives the pseudonyms of users who are met from now on from a new, random version
 * of the salt. Those that are there stay: the mapping is the authority.
 *
 * @throws RegistrationError, ConflictError where somebody else was first
 */
export async function rotateSalt(
  { db, atRest, clock }: OperationContext,
  { graceDays, algorithm }: RotateSalt,
  by: By,
): Promise<{ readonly version: number; readonly destroyAfter: Date }> {
  requireGrace(graceDays);
  const at = clock();
  const destroyAfter = graceFrom(at, graceDays);
  const version = (await orUnavailable(() => newestSalt(db))) + 1;
  try {
    await inTransaction(db, async (trx) => {
      await insertNextSalt(trx, atRest, { version, algorithm, at, destroyAfter });
      const details = { grace_days: graceDays };
      const target = String(version);
      await appendAudit(trx, { ...by, act: 'salt.rotated', target, details }, at);
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('The salt was rotated by somebody else.');
    throw error;
  }
  return { version, destroyAfter };
}

/** Destroys the versions whose grace is over and that nothing needs; returns how many. */
export async function destroyDueSalts(context: OperationContext): Promise<number> {
  const { db, atRest, clock, log } = context;
  const at = clock();
  let destroyed = 0;
  for (const version of await orUnavailable(() => dueSalts(db, at))) {
    const done = await inTransaction(db, async (trx) => {
      if (await isStillUsed(trx, version)) return undefined;
      if (!(await destroySalt(trx, atRest, version))) return false;
      const entry = { actor: 'system', act: 'salt.destroyed', target: String(version) } as const;
      await appendAudit(trx, entry, at);
      return true;
    });
    if (done === true) destroyed += 1;
    if (done === undefined) {
      log.warn(
        { event: 'security', kind: 'salt_still_used', version },
        'a retired salt is kept: a pseudonym was derived from it since; look for replicas of an older version',
      );
    }
  }
  return destroyed;
}
