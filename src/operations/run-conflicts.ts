import { runText } from '../subjects/rotation-run.ts';
import type { Occupied } from '../subjects/rotation-run.ts';
import { ConflictError } from '../vendors/problem.ts';

/** Why a run cannot be taken up. */
export function occupied(by: {
  readonly occupied: Occupied;
  readonly scope: string;
}): ConflictError {
  const what = runText(by.scope);
  return new ConflictError(
    by.occupied === 'running'
      ? `${what} is under way in another process.`
      : `${what} was begun and is not complete: complete it first, by the same command.`,
  );
}

/** Another process found this one silent. */
export function takenOver(): ConflictError {
  return new ConflictError('Another process went on with this run, for this one had stopped.');
}
