import type { Freeze } from '../vendors/freeze-store.ts';
import type { Gate } from '../vendors/phase-store.ts';
import type { RolloutBoard } from '../operations/rollout-board.ts';
import { STEPS, type Step } from '../vendors/rollout-plan.ts';

/** Behind `rollout set CLIENT`. */
const ARGUMENTS: Readonly<Record<Step, string>> = {
  plan: 'public',
  shadow: 'shadow',
  pilot_users: 'pairwise --user NAME …',
  percent_5: 'pairwise --percent 5',
  percent_50: 'pairwise --percent 50',
  percent_100: 'pairwise',
  done: 'pairwise --done',
};

/** Where a client is on its way, what stands before the next step, and how it is taken. */
export function boardText({ clientId, step, next, gates, freeze }: RolloutBoard): string {
  const way = STEPS.map((each) => (each === step ? `[${each}]` : each)).join(' → ');
  const lines = freeze === undefined ? [way] : [way, freezeText(freeze)];
  if (next === undefined) return lines.join('\n');
  const command = `rollout set ${clientId} ${ARGUMENTS[next]}`;
  return [...lines, `next: ${next}, by \`${command}\``, ...gateLines(gates)].join('\n');
}

/** A line for each gate. */
export function gateLines(gates: readonly Gate[]): readonly string[] {
  return gates.map(({ name, state, refuses, message }) => {
    const how = state === 'red' && refuses ? 'red, refuses' : state;
    return `  ${how.padEnd(12)}  ${name.padEnd(19)}  ${message}`;
  });
}

/** Whether rollouts are frozen, in words. */
export function freezeText(freeze: Freeze | undefined): string {
  if (freeze === undefined) return 'rollouts are not frozen';
  const { at, actor, reason } = freeze;
  const why = reason === undefined ? '' : `: ${reason}`;
  return `rollouts are frozen since ${at.toISOString()} by ${actor}${why}`;
}
