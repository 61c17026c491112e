import { strictest } from './phase.ts';
import type { RecordedPhase } from './phase-store.ts';

/** The way of every client, in its order. */
export const STEPS = [
  ...(['plan', 'shadow', 'pilot_users', 'percent_5', 'percent_50', 'percent_100'] as const),
  'done',
] as const;

export type Step = (typeof STEPS)[number];

/** What decides who is served how; of two recorded versions with the same, one is enough. */
export type RolloutState = Pick<RecordedPhase, 'phase' | 'percent' | 'pilotUsers' | 'isDone'>;

/** The step that a state has reached: with 20 %, that of 5 %. */
export function stepOf(state: RolloutState): Step {
  if (state.phase === 'public') return 'plan';
  if (state.phase === 'shadow') return 'shadow';
  if (state.isDone === true) return 'done';
  const share = shareOf(state);
  if (share === 100) return 'percent_100';
  if (share >= 50) return 'percent_50';
  return share >= 5 ? 'percent_5' : 'pilot_users';
}

/** The step behind one; undefined behind the last. */
export function stepAfter(step: Step): Step | undefined {
  return STEPS[STEPS.indexOf(step) + 1];
}

/** Whether anybody is served more strictly by the one state than by the other, or it ends the way. */
export function goesFurther(from: RolloutState, to: RolloutState): boolean {
  if (from.phase !== to.phase) return strictest(from.phase, to.phase) === to.phase;
  if (to.phase !== 'pairwise') return false;
  if (to.isDone === true && from.isDone !== true) return true;
  if (shareOf(to) !== shareOf(from)) return shareOf(to) > shareOf(from);
  if (shareOf(from) === 100) return false;
  const were = new Set(from.pilotUsers);
  return to.pilotUsers.some((user) => !were.has(user));
}

/** Whether two states serve everybody alike and stand at the same step. */
export function isSameState(a: RolloutState, b: RolloutState): boolean {
  return (
    a.phase === b.phase &&
    a.percent === b.percent &&
    (a.isDone === true) === (b.isDone === true) &&
    a.pilotUsers.length === b.pilotUsers.length &&
    a.pilotUsers.every((user, position) => user === b.pilotUsers[position])
  );
}

/** What is asked for, with the pilot users by their indexes; undefined: none are named. */
export interface WantedState extends Pick<RolloutState, 'phase' | 'percent' | 'isDone'> {
  readonly pilotUsers: readonly string[] | undefined;
}

/**
 * The state that a request leads to. Where a share is asked for and no pilot
 * users are named, those who are in stay in.
 */
export function stateAfter(current: RolloutState, wanted: WantedState): RolloutState {
  const { phase, percent, isDone, pilotUsers } = wanted;
  const stay = phase === 'pairwise' && percent !== undefined ? current.pilotUsers : [];
  return {
    ...{ phase, percent, isDone: isDone === true },
    pilotUsers: [...new Set(pilotUsers ?? stay)].toSorted(),
  };
}

/** The share of users in `pairwise`, beside the pilot users. */
function shareOf({ percent, pilotUsers }: RolloutState): number {
  return percent ?? (pilotUsers.length === 0 ? 100 : 0);
}
