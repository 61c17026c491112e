import { isUnavailable } from '../database/connection.ts';
import { Refusal, wireOf } from '../errors.ts';
import { ThrottledError } from '../operations/lookup-admission.ts';
import { SectorChangeError } from '../vendors/client-store.ts';
import {
  ConflictError,
  pathText,
  RegistrationError,
  StaleError,
  UnknownError,
} from '../vendors/problem.ts';
import type { Logger } from '../observability/logger.ts';
import type { Caller } from './context.ts';
import { AdminProblem, PROBLEMS } from './problems.ts';

/** What an error of whatever kind is told as; `unexpected` for those that nobody thought of. */
export function asProblem(error: unknown): AdminProblem {
  if (error instanceof AdminProblem) return error;
  if (error instanceof RegistrationError) return ofEntries(error);
  if (error instanceof UnknownError) {
    return new AdminProblem('unknown', error.message, { hint: 'List what there is.' });
  }
  if (error instanceof StaleError) return stale(error.message);
  if (error instanceof SectorChangeError) {
    const hint = 'Nothing was changed. Send it again with "confirm": true to change it.';
    return new AdminProblem('confirmation_required', error.message, { hint, users: error.users });
  }
  if (error instanceof ConflictError) {
    const hint = 'Nothing was changed. Look at the present state and decide again.';
    return new AdminProblem('conflict', error.message, { hint });
  }
  if (error instanceof ThrottledError) {
    const hint = 'Wait for the next hour; the audit log tells of it.';
    return new AdminProblem('throttled', error.message, { hint, retryAfter: 3600 });
  }
  if (isUnavailable(error)) {
    const hint = 'Look at /readyz and the log; send it again when the database is back.';
    const detail = 'The database did not answer. Whether the request was carried out is not known.';
    return new AdminProblem('unavailable', detail, { hint, retryAfter: 5 });
  }
  if (error instanceof Refusal) return ofRefusal(error);
  return ofExpress(error);
}

/** {@link asProblem}, with the one log line that tells of it. */
export function recordedProblem(
  log: Logger,
  error: unknown,
  caller: Pick<Caller, 'actor'> | undefined,
): AdminProblem {
  const problem = asProblem(error);
  const [status] = PROBLEMS[problem.code];
  // Not as `token`, whose values never get into the log.
  const fields = { code: problem.code, status, actor: caller?.actor };
  if (status === 500) log.error({ ...fields, err: error }, 'an admin request failed');
  else log.info(fields, 'an admin request was refused');
  return problem;
}

/** What is to be changed is not as the request says that it is. */
export function stale(detail: string): AdminProblem {
  const hint = 'Nothing was changed. Get it again, look at it, and send its new ETag in If-Match.';
  return new AdminProblem('stale', detail, { hint });
}

function ofEntries({ problems }: RegistrationError): AdminProblem {
  const mistakes = problems.map(({ path, wrong, right }) => ({ at: pathText(path), wrong, right }));
  const [first] = mistakes;
  const where = first?.at === undefined || first.at === '' ? 'An entry' : first.at;
  const more = mistakes.length > 1 ? `, and ${mistakes.length - 1} more` : '';
  const detail = `${where} ${first?.wrong ?? 'is wrong'}${more}.`;
  const hint = 'Nothing was changed. Each of `mistakes` says what would be right.';
  return new AdminProblem('entry_invalid', detail, { hint, mistakes });
}

function ofRefusal(refusal: Refusal): AdminProblem {
  if (refusal.reason === 'unexpected') return unexpected();
  const detail = wireOf(refusal.reason).description;
  const hint = 'Nothing was changed. The log says more, under the id of this request.';
  return new AdminProblem('upstream_failed', detail, { hint });
}

function unexpected(): AdminProblem {
  const hint = 'Look in the log for the id of this request, and report what you find.';
  return new AdminProblem('unexpected', 'The request was not carried out as it should.', { hint });
}

/** Errors of the body reader and of the router carry a status, and a type by which they are known. */
function ofExpress(error: unknown): AdminProblem {
  const { type, status } = expressError(error);
  if (type === 'entity.too.large') {
    const hint = 'Divide it: documents of `apply` can be sent in parts.';
    return new AdminProblem('body_too_large', 'The body is longer than is read.', { hint });
  }
  if (status === 415) {
    const hint = 'Send UTF-8 as application/json, without Content-Encoding.';
    return new AdminProblem('body_type', 'The body is encoded in a way that is not read.', {
      hint,
    });
  }
  if (status === 400) {
    const isBody = type !== undefined;
    const detail = isBody ? 'The body is not JSON.' : 'The address is not well formed.';
    const hint = isBody ? 'Send one JSON object.' : 'Percent-encode each part of the path.';
    return new AdminProblem('request_malformed', detail, { hint });
  }
  return unexpected();
}

function expressError(error: unknown): {
  type: string | undefined;
  status: number | undefined;
} {
  if (typeof error !== 'object' || error === null) return { type: undefined, status: undefined };
  const type: unknown = Reflect.get(error, 'type');
  const status: unknown = Reflect.get(error, 'status');
  return {
    type: typeof type === 'string' ? type : undefined,
    status: typeof status === 'number' ? status : undefined,
  };
}
