import { failure, success, type Failure, type Result } from '../result.ts';
import type { ClientKey } from '../vendors/client-keys.ts';
import { audienceProblem, readClientJwt, timeProblem, verifyClientJwt } from './client-jwt.ts';
import type { Members } from './json-object.ts';
import { signJwt } from './sign-jwt.ts';
import type { SigningKey } from './signing-keys.ts';

/** What an assertion of a client must be, to be believed (RFC 7523 3, OpenID Connect Core 9). */
export interface AssertionExpectation {
  readonly clientId: string;
  /** The names under which we may be meant: our issuer and endpoints. */
  readonly audiences: readonly string[];
  /** What the client registered: its secret, or its keys; the other method's is not looked at. */
  readonly material:
    | { readonly method: 'client_secret_jwt'; readonly secret: string }
    | { readonly method: 'private_key_jwt'; readonly keys: readonly ClientKey[] };
  /** `token_endpoint_auth_signing_alg`; undefined: any of the method. */
  readonly algorithm: string | undefined;
  readonly now: Date;
}

/** What is left to check of a verified assertion: that it comes only once. */
export interface VerifiedAssertion {
  readonly jti: string;
  /** From then on the assertion is refused for its age. */
  readonly expiresAt: Date;
}

/** The types that an assertion may be declared as; a request object or a proof is none of them. */
const TYPES = /^(application\/)?(jwt|client-authentication\+jwt)$/i;

const LONGEST_JTI = 500;

/**
 * The client that an assertion says it comes from, before anything of it is believed;
 * undefined: it says nothing that could be read.
 */
export function assertedClientId(assertion: string): string | undefined {
  const read = readClientJwt(assertion);
  const sub = read?.claims['sub'];
  return typeof sub === 'string' && sub !== '' ? sub : undefined;
}

/**
 * Verifies an assertion that a client authenticates with. No claim is looked at
 * before the signature holds.
 *
 * @returns `client_assertion_key_unknown` where no key fits (the JWKS may be stale),
 *   `client_assertion_expired`, else `client_assertion_invalid`
 */
export async function verifyClientAssertion(
  assertion: string,
  expected: AssertionExpectation,
): Promise<Result<VerifiedAssertion>> {
  const { material, algorithm } = expected;
  const by = material.method === 'private_key_jwt' ? { keys: material.keys } : material;
  const verified = await verifyClientJwt(assertion, { types: TYPES, algorithm, by });
  return verified.ok ? checkClaims(verified.value, expected) : verified;
}

function checkClaims(
  claims: Members,
  { clientId, audiences, now }: AssertionExpectation,
): Result<VerifiedAssertion> {
  const { iss, sub, aud, jti } = claims;
  if (iss !== clientId || sub !== clientId) return invalid('iss and sub are not the client');
  const wrongAudience = audienceProblem(aud, audiences);
  if (wrongAudience !== undefined) return invalid(wrongAudience);
  const times = timeProblem(claims, now);
  if (times?.kind === 'expired') return failure('client_assertion_expired');
  if (times !== undefined) return invalid(times.detail);
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) {
    return invalid(`jti is not a text of 1 to ${LONGEST_JTI} characters`);
  }
  // As long as leeway would let it pass.
  return success({ jti, expiresAt: new Date((Number(claims['exp']) + 60) * 1000) });
}

function invalid(detail: string): Failure {
  return failure('client_assertion_invalid', detail);
}

/** An assertion of our own towards the upstream; good for a minute. */
export async function signClientAssertion(
  assertion: {
    readonly clientId: string;
    readonly audience: string;
    /** Unique for each assertion. */
    readonly jti: string;
    readonly now: Date;
  },
  key: SigningKey,
): Promise<string> {
  const { clientId, audience, jti, now } = assertion;
  const iat = Math.floor(now.getTime() / 1000);
  const claims = { iss: clientId, sub: clientId, aud: audience, jti, iat, exp: iat + 60 };
  return signJwt(claims, key, 'JWT');
}
