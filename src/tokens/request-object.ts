import { failure, success, type Failure, type Result } from '../result.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import { audienceProblem, timeProblem, verifyClientJwt } from './client-jwt.ts';
import type { Members } from './json-object.ts';

/** What a request object must be, to be believed (RFC 9101 4, 6). */
export interface RequestObjectExpectation {
  readonly clientId: string;
  readonly issuer: string;
  readonly keys: readonly ClientKey[];
  /** `request_object_signing_alg`; undefined: any asymmetric one. */
  readonly algorithm: string | undefined;
  readonly now: Date;
}

/** RFC 9101 10.8: so that no other JWT of the client passes for a request. */
const TYPES = /^(application\/)?(jwt|oauth-authz-req\+jwt)$/i;

/** Claims of the JWT itself, which are no parameters. */
const JWT_CLAIMS: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub']);

/**
 * The authorization request inside a signed request object, as parameters. No
 * claim is looked at before the signature holds.
 *
 * @returns `client_assertion_key_unknown` where no key fits (the JWKS may be stale),
 *   else `request_object_invalid`
 */
export async function verifyRequestObject(
  requestObject: string,
  expected: RequestObjectExpectation,
): Promise<Result<URLSearchParams>> {
  const { algorithm, keys } = expected;
  const verified = await verifyClientJwt(requestObject, { types: TYPES, algorithm, by: { keys } });
  if (!verified.ok) {
    const { reason, detail } = verified;
    return reason === 'client_assertion_key_unknown' ? verified : invalid(detail);
  }
  const claims = verified.value;
  const problem = claimsProblem(claims, expected);
  return problem === undefined ? parametersIn(claims) : invalid(problem);
}

function claimsProblem(
  claims: Members,
  { clientId, issuer, now }: RequestObjectExpectation,
): string | undefined {
  if (claims['iss'] !== clientId) return 'iss is not the client';
  if (claims['client_id'] !== clientId) return 'client_id is not that of the request';
  // RFC 9101 10.8: it must be of no use as a client assertion.
  if (claims['sub'] === clientId) return 'sub is the client';
  if (claims['request'] !== undefined || claims['request_uri'] !== undefined) {
    return 'a request object within a request object';
  }
  return audienceProblem(claims['aud'], [issuer]) ?? timeProblem(claims, now)?.detail;
}

/** RFC 9101 4: texts as they are, numbers and truth values as JSON, so also objects such as `claims`. */
function parametersIn(claims: Members): Result<URLSearchParams> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(claims)) {
    if (JWT_CLAIMS.has(name) || value === null) continue;
    // RFC 8707 2: the one parameter that may be repeated.
    const values: readonly unknown[] =
      name === 'resource' && Array.isArray(value) ? value : [value];
    for (const one of values) {
      parameters.append(name, typeof one === 'string' ? one : JSON.stringify(one));
    }
  }
  return success(parameters);
}

function invalid(detail: string | undefined): Failure {
  return failure('request_object_invalid', detail);
}
