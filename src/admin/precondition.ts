import { AdminProblem } from './problems.ts';
import { invalid } from './read-input.ts';

/** A state as an entity tag (RFC 9110 8.8.3). */
export function entityTag(state: string): string {
  return `"${state}"`;
}

/**
 * The state that a request says it is based on (RFC 9110 13.1.1); undefined for `*`, any.
 *
 * @throws AdminProblem `precondition_required` (RFC 6585 3), `request_invalid`
 */
export function statedState(ifMatch: string | undefined): string | undefined {
  if (ifMatch === undefined) {
    const hint = 'Get it, look at it, and send its ETag in If-Match.';
    const detail = 'A change needs the header If-Match.';
    throw new AdminProblem('precondition_required', detail, { hint });
  }
  const value = ifMatch.trim();
  if (value === '*') return undefined;
  const tag = /^"([\x21\x23-\x7e]*)"$/.exec(value)?.[1];
  if (tag === undefined) {
    const right = 'give one strong entity tag, as in "7-12", or *';
    throw invalid([{ at: 'If-Match', wrong: 'is not one entity tag', right }]);
  }
  return tag;
}
