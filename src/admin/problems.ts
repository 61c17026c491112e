/** What can go wrong with a request of the admin API (RFC 9457): its code, status and meaning. */
export const PROBLEMS = {
  request_malformed: [400, 'The request cannot be read.'],
  request_invalid: [400, 'The request breaks the rules of this operation.'],
  unauthorized: [401, 'A valid bearer token is required.'],
  insufficient_scope: [403, 'The token does not have the scope that this needs.'],
  no_such_address: [404, 'There is no operation at this address.'],
  unknown: [404, 'Something that the request names does not exist.'],
  method_not_allowed: [405, 'The address does not take this method.'],
  conflict: [409, 'The request does not fit the present state.'],
  confirmation_required: [409, 'This loses something, and has to be confirmed.'],
  key_in_use: [409, 'A request with this Idempotency-Key is under way, or its end is not known.'],
  answer_forgotten: [409, 'The request was carried out, and its answer has been erased since.'],
  stale: [412, 'What is to be changed has been changed meanwhile.'],
  body_too_large: [413, 'The request body is too large.'],
  body_type: [415, 'The request body must be JSON, and not compressed.'],
  entry_invalid: [422, 'Entries cannot be registered as they are.'],
  key_reused: [422, 'Another request came with this Idempotency-Key before.'],
  precondition_required: [428, 'A change has to say which state it is based on.'],
  throttled: [429, 'There were too many requests.'],
  unexpected: [500, 'The proxy failed. Its log says more, under the id of this request.'],
  upstream_failed: [502, 'The identity provider, or a vendor’s address, did not do its part.'],
  unavailable: [503, 'The database cannot be reached at the moment.'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One mistake in a request: where it is, what is wrong, and what would be right. */
export interface Mistake {
  readonly at: string;
  readonly wrong: string;
  readonly right: string;
}

/** What a problem says beyond its code. */
interface ProblemOptions {
  readonly hint: string;
  readonly mistakes?: readonly Mistake[];
  /** How many users a change would give another `sub`. */
  readonly users?: number;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that cannot be answered as it was asked. */
export class AdminProblem extends Error {
  override readonly name = 'AdminProblem';
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions) {
    super(detail);
    this.code = code;
    this.options = options;
  }
}

/** A name for each problem that stays the same wherever the proxy is deployed. */
function problemType(code: ProblemCode): string {
  return `urn:pairwise-proxy:problem:${code}`;
}

/** A problem as it is sent, as `application/problem+json`. */
export function problemBody(problem: AdminProblem, requestId: string) {
  const [status, title] = PROBLEMS[problem.code];
  const { hint, mistakes, users } = problem.options;
  return {
    ...{ type: problemType(problem.code), title, status, detail: problem.message },
    ...{ code: problem.code, hint, request_id: requestId },
    ...(mistakes !== undefined && { mistakes }),
    ...(users !== undefined && { users }),
  };
}
