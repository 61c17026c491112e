import type { By } from '../audit/by.ts';
import type { Phase } from './client.ts';
import { RegistrationError } from './problem.ts';

const MAXIMUM_REASON = 2000;

/** Who changes a phase, and why; kept with the version. */
export interface RolloutOrigin extends By {
  readonly clientId: string;
  /** The version that the operator has seen; with any other in force: a {@link ConflictError}. */
  readonly expectedVersion?: number | undefined;
}

export interface RolloutSet extends RolloutOrigin {
  readonly phase: Phase;
  /** 0 to 100, whole; only with `pairwise`. */
  readonly percent?: number | undefined;
  /**
   * Local subjects of the pilot users; only with `pairwise`. Kept as user indexes.
   * Undefined beside a share: those who are in stay in.
   */
  readonly users?: readonly string[] | undefined;
  /** Says that the rollout is over; only with `pairwise` for everybody. */
  readonly isDone?: boolean | undefined;
  /** Ends every session of the client: its tokens are dead from this change on. */
  readonly endSessions?: boolean | undefined;
}

export interface RolloutRollback extends RolloutOrigin {
  /** The version to restore; default: the one before. */
  readonly to?: number | undefined;
}

/** Throws a {@link RegistrationError} where a request makes no sense whatever the client is. */
export function mustBeWellFormed(request: RolloutSet): void {
  mustBeSaid(request);
  const { phase, percent, users, isDone } = request;
  if (percent !== undefined && !(Number.isInteger(percent) && percent >= 0 && percent <= 100)) {
    throw wrongMember('percent', `is ${percent}`, 'give a whole number from 0 to 100');
  }
  const narrowed = percent !== undefined ? 'percent' : users?.length ? 'users' : undefined;
  if (narrowed !== undefined && phase !== 'pairwise') {
    const right = `leave it out, or set the phase pairwise`;
    throw wrongMember(narrowed, `narrows pairwise, and the phase is ${phase}`, right);
  }
  const isForAll = phase === 'pairwise' && (percent ?? 100) === 100 && !users?.length;
  if (isDone === true && !isForAll) {
    const wrong = 'ends the rollout, which is not for everybody like this';
    throw wrongMember('done', wrong, 'set the phase pairwise and narrow it by nothing');
  }
  if (users?.some((user) => user === '' || Buffer.byteLength(user) > 255)) {
    throw wrongMember('users', 'holds what cannot be a subject', 'give 1 to 255 bytes for each');
  }
}

/** Throws a {@link RegistrationError} where it is not said who asks, or said at too great a length. */
export function mustBeSaid({ actor, reason }: RolloutOrigin): void {
  if (actor === '' || actor.length > 255) {
    throw wrongMember('actor', 'is empty or too long', 'give 1 to 255 characters');
  }
  if (reason !== undefined && reason.length > MAXIMUM_REASON) {
    throw wrongMember('reason', 'is too long', `give at most ${MAXIMUM_REASON} characters`);
  }
}

function wrongMember(member: string, wrong: string, right: string): RegistrationError {
  return new RegistrationError([{ path: [member], wrong, right }]);
}
