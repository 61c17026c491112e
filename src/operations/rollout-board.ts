import { orUnavailable } from '../database/connection.ts';
import { readFreeze, type Freeze } from '../vendors/freeze-store.ts';
import type { Gate } from '../vendors/phase-store.ts';
import { stepAfter, stepOf, type Step } from '../vendors/rollout-plan.ts';
import { standing } from '../vendors/rollout-standing.ts';
import type { RolloutContext } from '../vendors/rollout.ts';
import type { OperationContext } from './context.ts';
import { readGateFacts } from './rollout-facts.ts';
import { judgeGates } from './rollout-gates.ts';

/** The way of a client: where it is, and what stands before the next step. */
export interface RolloutBoard {
  readonly clientId: string;
  readonly step: Step;
  /** Undefined: it is done, or its `subject_type` is `public`. */
  readonly next: Step | undefined;
  /** Of the next step. */
  readonly gates: readonly Gate[];
  readonly freeze: Freeze | undefined;
}

type BoardContext = Pick<OperationContext, 'db' | 'atRest' | 'clock'>;

/**
 * Where a client is on its way, with the gates of the next step as they are now.
 * It counts the users of the sector, so it is for one client at a time.
 *
 * @throws UnknownError; Refusal `database_unavailable`
 */
export function rolloutBoard(context: BoardContext, clientId: string): Promise<RolloutBoard> {
  const { db, clock } = context;
  return orUnavailable(async () => {
    const found = await standing(context, { clientId });
    const step = stepOf(found.current);
    const isOnTheWay = found.stored.client.subjectType === 'pairwise';
    const next = isOnTheWay ? stepAfter(step) : undefined;
    const gates =
      next === undefined ? [] : judgeGates(next, await readGateFacts(db, found, clock()));
    return { clientId, step, next, gates, freeze: await readFreeze(db) };
  });
}

/** What phases are changed with, so that the gates are looked at and recorded. */
export function gatedRollout(
  context: BoardContext & Pick<OperationContext, 'keyring'>,
): RolloutContext {
  const { db, atRest, clock, keyring } = context;
  return {
    ...{ db, atRest, clock, indexRoot: keyring.index },
    gatesOf: async (found, step) => judgeGates(step, await readGateFacts(db, found, clock())),
  };
}
