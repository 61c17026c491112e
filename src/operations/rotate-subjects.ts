import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { rotateNext } from '../subjects/rotate.ts';
import type { RotationTimes } from '../subjects/rotate.ts';
import { advanceRun, finishRun, takeRun } from '../subjects/rotation-run.ts';
import type { RotationRun } from '../subjects/rotation-run.ts';
import { endSessionsAround } from '../vendors/client-store.ts';
import type { OperationContext } from './context.ts';
import { graceFrom, requireGrace, scopeText, sectorsOf } from './rotation-request.ts';
import { occupied, takenOver } from './run-conflicts.ts';
import type { RotationScope } from './rotation-request.ts';

/** The users who are to get new pseudonyms. */
export interface RotateSubjects {
  readonly scope: RotationScope;
  /** Days for which the old ones still resolve. */
  readonly graceDays: number;
  /** Whether tokens with the old ones end, when all are done. */
  readonly endSessions: boolean;
  /** Told after each step how many users have had their turn. */
  readonly onProgress?: (rotated: number) => void;
}

/** What was done, all processes that had a part in it together. */
export interface RotatedSubjects {
  readonly scope: string;
  readonly rotated: number;
  readonly graceDays: number;
  readonly endedSessions: boolean;
  /** Whether a process that had begun it was killed before it was done. */
  readonly resumed: boolean;
}

/** Users a step: few enough that a login waits a moment at the most. */
const STEP = 200;

/**
 * Gives all users of a sector, of a vendor's sectors, or all users new pseudonyms,
 * some at a time: each user is rotated wholly or not at all, while logins go on. A
 * process that was killed leaves a note of how far it was; the same request goes on
 * from there, with the grace that it was begun with.
 *
 * @throws RegistrationError, UnknownError; ConflictError where another rotation of many is
 *   incomplete or under way
 */
export async function rotateSubjects(
  context: OperationContext,
  request: RotateSubjects,
  by: By,
): Promise<RotatedSubjects> {
  requireGrace(request.graceDays);
  const { db, clock } = context;
  const sectors = await sectorsOf(db, request.scope);
  const { graceDays, endSessions } = request;
  const wanted = { scope: scopeText(request.scope), graceDays, endSessions };
  const run = await takeRun(db, wanted, clock);
  if ('occupied' in run) throw occupied(run);
  let { rotated } = run;
  const times = { at: run.startedAt, graceUntil: graceFrom(run.startedAt, run.graceDays) };
  for (const sector of sectors) {
    if (run.sector !== undefined && sector < run.sector) continue;
    let after = sector === run.sector ? run.userIndex : undefined;
    for (;;) {
      const step = await rotateStep(context, run, { sector, after, rotated }, times);
      if (step === undefined) break;
      after = step.last;
      rotated += step.rotated;
      context.pseudonymsMade?.({ sector, origin: 'rotation', count: step.rotated });
      request.onProgress?.(rotated);
    }
  }
  await finish(context, run, { sectors, rotated }, by);
  const { scope, resumed } = run;
  return { scope, rotated, graceDays: run.graceDays, endedSessions: run.endSessions, resumed };
}

function rotateStep(
  { db, atRest, clock }: OperationContext,
  run: RotationRun,
  from: { sector: string; after: Uint8Array | undefined; rotated: number },
  times: RotationTimes,
): ReturnType<typeof rotateNext> {
  return inTransaction(db, async (trx) => {
    const step = await rotateNext(trx, atRest, { ...from, limit: STEP }, times);
    const rotated = from.rotated + (step?.rotated ?? 0);
    const place = { sector: from.sector, userIndex: step?.last ?? from.after, rotated };
    if (!(await advanceRun(trx, run, place, clock()))) throw takenOver();
    return step;
  });
}

async function finish(
  { db, clock }: OperationContext,
  run: RotationRun,
  { sectors, rotated }: { sectors: readonly string[]; rotated: number },
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await finishRun(trx, run))) throw takenOver();
    if (run.endSessions) await endSessionsAround(trx, sectors, at);
    const { scope: target, graceDays, endSessions } = run;
    const details = { rotated, grace_days: graceDays, ended_sessions: endSessions };
    await appendAudit(trx, { ...by, act: 'subjects.rotated', target, details }, at);
  });
}
