import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { ADMIN_SCOPES, ENVIRONMENT_TOKEN, openAdminToken } from '../operations/admin-tokens.ts';
import type { OperationContext } from '../operations/context.ts';
import { secretsEqual } from '../tokens/client-secret.ts';
import type { Caller } from './context.ts';
import { AdminProblem } from './problems.ts';

/** What bearer tokens are judged by. */
export interface AuthenticationParts extends Pick<OperationContext, 'db' | 'clock'> {
  /** `ADMIN_TOKEN`; undefined: only tokens of the database. */
  readonly adminToken: string | undefined;
}

/** Requests with one token, in points and seconds. */
const REQUESTS_OF_A_TOKEN = { points: 1200, duration: 60 } as const;

/** Requests of one address with a token that is none, in points and seconds. */
const FAILURES_OF_AN_ADDRESS = { points: 30, duration: 60 } as const;

const REALM = 'Bearer realm="pairwise-proxy admin"';

/** Knows who may use the API, and how often. */
export class Authentication {
  readonly #parts: AuthenticationParts;
  readonly #requests = new RateLimiterMemory(REQUESTS_OF_A_TOKEN);
  readonly #failures = new RateLimiterMemory(FAILURES_OF_AN_ADDRESS);

  constructor(parts: AuthenticationParts) {
    this.#parts = parts;
  }

  /**
   * The caller behind an `Authorization` header (RFC 6750 2.1).
   *
   * @throws AdminProblem `unauthorized`, `throttled`
   */
  async caller(authorization: string | undefined, address: string): Promise<Caller> {
    const presented = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    const caller = presented === undefined ? undefined : await this.#find(presented);
    if (caller === undefined) {
      // After the look: the failures of others at an address hold up no good token.
      await consume(this.#failures, address);
      throw unauthorized(presented !== undefined);
    }
    await consume(this.#requests, caller.name);
    return caller;
  }

  async #find(presented: string): Promise<Caller | undefined> {
    const { adminToken } = this.#parts;
    if (adminToken !== undefined && secretsEqual(presented, adminToken)) {
      return ofToken({ name: ENVIRONMENT_TOKEN, scopes: ADMIN_SCOPES, expiresAt: undefined });
    }
    const token = await openAdminToken(this.#parts, presented);
    return token && ofToken(token);
  }
}

/** The caller that a token stands for. */
function ofToken({ name, scopes, expiresAt }: Omit<Caller, 'actor'>): Caller {
  return { name, actor: `token:${name}`, scopes, expiresAt };
}

function unauthorized(isPresented: boolean): AdminProblem {
  const challenge = isPresented ? `${REALM}, error="invalid_token"` : REALM;
  const detail = isPresented
    ? 'The token is not known, expired or revoked.'
    : 'There is no bearer token in the Authorization header.';
  const hint = 'Send "Authorization: Bearer …"; `admin-token create` makes a token.';
  return new AdminProblem('unauthorized', detail, {
    hint,
    headers: { 'www-authenticate': challenge },
  });
}

/** @throws AdminProblem `insufficient_scope` */
export function mustHaveScope(caller: Caller, scope: Caller['scopes'][number]): void {
  if (caller.scopes.includes(scope)) return;
  const has = caller.scopes.length === 0 ? 'none' : caller.scopes.join(', ');
  const challenge = `${REALM}, error="insufficient_scope", scope="${scope}"`;
  throw new AdminProblem('insufficient_scope', `This needs the scope ${scope}.`, {
    hint: `The token "${caller.name}" has ${has}: use another one.`,
    headers: { 'www-authenticate': challenge },
  });
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    const retryAfter = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
    const hint = `Send it again in ${retryAfter} seconds.`;
    throw new AdminProblem('throttled', 'There were too many requests.', { hint, retryAfter });
  }
}
