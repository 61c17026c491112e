import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction, isUniqueViolation } from '../database/connection.ts';
import { endUser } from '../database/subject-marks.ts';
import { PseudonymTaken } from '../subjects/store.ts';
import { ConflictError, RegistrationError, UnknownError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';
import { linkBatch, moveAllHandles } from './link-batch.ts';
import type { LinkProblem, LinkSettings } from './link-batch.ts';
import { requireLocalSubject } from './requested-user.ts';
import { requireGrace } from './rotation-request.ts';

/** A user whom the provider calls otherwise. */
export interface LinkSubject extends LinkSettings {
  readonly localSubject: string;
  /** What the provider calls them from now on. */
  readonly to: string;
  /** Whether tokens end; otherwise they go on. */
  readonly endSessions: boolean;
}

/** What became of the user. */
export interface LinkedSubject {
  /** Whether this was done before. */
  readonly wasLinked: boolean;
  /** Sectors in which the user keeps their pseudonym. */
  readonly sectors: number;
  /** Those in which they had two. */
  readonly merged: number;
}

/** How often others may be first. */
const LINK_ATTEMPTS = 5;

/** Why a user cannot be linked, in words that name nobody. */
export const LINK_PROBLEMS: Readonly<Record<LinkProblem, string>> = {
  both_have_pseudonyms: 'has pseudonyms under both names: say which stays with --prefer',
  name_is_pseudonym: 'the new name is the pseudonym of another user',
  linked_otherwise: 'is linked to another name already',
  name_is_former: 'the new name is the former one of another user, whose grace is not over',
  chain: 'was linked to this name, or another user was, whose grace is not over',
};

/**
 * Makes all pseudonyms of a user theirs under another name of the provider's, in
 * every sector, in one transaction. The old name means the same user for the
 * grace, so that logins go on whenever the provider changes over.
 *
 * @throws RegistrationError, UnknownError where the user has no pseudonym, ConflictError
 */
export async function linkSubject(
  context: OperationContext,
  request: LinkSubject,
  by: By,
): Promise<LinkedSubject> {
  const { localSubject: from, to, graceDays, endSessions } = request;
  requireLocalSubject(from);
  requireLocalSubject(to);
  requireGrace(graceDays);
  if (from === to) {
    const right = 'give two different names of the provider’s';
    throw new RegistrationError([{ path: ['to'], wrong: 'it is the same name', right }]);
  }
  const at = context.clock();
  return retried(() =>
    inTransaction(context.db, async (trx) => {
      const batch = await linkBatch(trx, context, [{ from, to }], request, true);
      const [problem] = batch.problems.values();
      if (problem !== undefined) throw new ConflictError(`The user ${LINK_PROBLEMS[problem]}.`);
      if (batch.present > 0) return { wasLinked: true, sectors: 0, merged: 0 };
      if (batch.moved === 0) throw new UnknownError('The user has no pseudonym anywhere.');
      if (endSessions) {
        for (const { moves } of batch.sectors) {
          for (const move of moves) {
            await endUser(trx, context.atRest, move.from, at);
            await endUser(trx, context.atRest, move.to, at);
          }
        }
      }
      await moveAllHandles(trx, batch);
      const { moved: sectors, merged } = batch;
      const details = { sectors, merged, grace_days: graceDays, ended_sessions: endSessions };
      await appendAudit(trx, { ...by, act: 'subject.linked', target: 'user', details }, at);
      return { wasLinked: false, sectors, merged };
    }),
  );
}

/**
 * Does it again where a login, or another operator, was first.
 *
 * @throws ConflictError where somebody always is
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt <= LINK_ATTEMPTS; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PseudonymTaken) && !isUniqueViolation(error)) throw error;
    }
  }
  throw new ConflictError('Others change these users at this very moment.');
}
