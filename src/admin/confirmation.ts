import { AdminProblem } from './problems.ts';
import { speaksInBody, type Route } from './route.ts';

/**
 * Lets an operation that loses something be done only where the request says so.
 *
 * @throws AdminProblem `confirmation_required`
 */
export function mustBeConfirmed(each: Route, isConfirmed: boolean): void {
  if (each.needsConfirmation === undefined || isConfirmed) return;
  const hint = speaksInBody(each)
    ? 'Nothing was changed. Send it with "confirm": true to do it.'
    : 'Nothing was changed. Send it with the header "Confirm: yes" to do it.';
  throw new AdminProblem('confirmation_required', each.needsConfirmation, { hint });
}
