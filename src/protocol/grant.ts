import type { Reason } from '../errors.ts';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import type { ReleasedSubject, SubjectKind } from '../subjects/released.ts';
import { reviveReleasedSubject } from '../subjects/released.ts';
import { Concealed } from '../tokens/seal.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Mode } from '../vendors/phase.ts';
import type { Seals } from './seals.ts';

/** What was settled at the authentication and travels in every token of the grant (design section 4, Seal). */
export interface Grant {
  readonly id: string;
  readonly clientId: string;
  readonly subject: ReleasedSubject;
  readonly kind: SubjectKind;
  /** The mode at the authentication; later answers follow the stricter of it and today's. */
  readonly mode: Mode;
  /** The per-sector blind index of the user, never the local subject. */
  readonly userIndex: Uint8Array;
  readonly scope: string;
  /** The `max_age` that the vendor asked for, in seconds. */
  readonly maxAge: number | undefined;
  /** Whether `auth_time` was asked for by `claims`. */
  readonly authTimeRequested: boolean;
  /** The resources (RFC 8707) that were asked for. */
  readonly resource: readonly string[];
  /** The change-log position that held when the subject was resolved. */
  readonly change: number;
  /** RFC 9449: the thumbprint of the key that its tokens are bound to; undefined: to none. */
  readonly jkt?: string | undefined;
}

/** An upstream token inside a grant. */
export interface GrantToken {
  readonly grant: Grant;
  readonly upstreamToken: string;
}

type TokenPurpose = 'access_token' | 'refresh_token';

const REASONS_OF: Readonly<Record<TokenPurpose, { invalid: Reason; expired: Reason }>> = {
  access_token: { invalid: 'token_invalid', expired: 'token_expired' },
  refresh_token: { invalid: 'refresh_invalid', expired: 'refresh_expired' },
};

/** Seals an upstream token for the vendor. */
export function sealGrantToken(
  seals: Seals,
  purpose: TokenPurpose,
  token: GrantToken,
  times: { now: Date; expiresAt: Date },
): Promise<string> {
  const contents = { ...packGrant(token.grant), t: new Concealed(token.upstreamToken) };
  return seals.seal(purpose, contents, { ...times, user: token.grant.userIndex });
}

/** Opens a token of ours; the reason says which kind of token could not be opened. */
export async function openGrantToken(
  seals: Seals,
  purpose: TokenPurpose,
  sealed: string,
  now: Date,
): Promise<Result<GrantToken & { readonly expiresAt: Date }>> {
  const opened = await seals.unseal(purpose, sealed, now);
  const reasons = REASONS_OF[purpose];
  if (!opened.ok) {
    return failure(opened.reason === 'seal_expired' ? reasons.expired : reasons.invalid);
  }
  const { contents, expiresAt } = opened.value;
  const grant = unpackGrant(contents);
  if (grant === undefined) return failure(reasons.invalid, 'no user index');
  if (contents['i'] !== undefined) return failure(reasons.invalid, 'the seal of a JWT');
  return success({ grant, upstreamToken: String(contents['t']), expiresAt });
}

/** A grant as seal contents. */
export function packGrant(grant: Grant): Record<string, SealValue> {
  return {
    g: grant.id,
    c: grant.clientId,
    s: grant.subject,
    k: grant.kind,
    m: grant.mode,
    u: grant.userIndex,
    o: grant.scope,
    a: grant.maxAge ?? null,
    q: grant.authTimeRequested,
    n: grant.change,
    r: grant.resource,
    j: grant.jkt ?? null,
  };
}

/** The inverse of {@link packGrant}; undefined where no user is in it. */
export function unpackGrant(contents: Readonly<Record<string, SealValue>>): Grant | undefined {
  const userIndex = contents['u'];
  if (!(userIndex instanceof Uint8Array)) return undefined;
  return {
    id: String(contents['g']),
    clientId: String(contents['c']),
    subject: reviveReleasedSubject(String(contents['s'])),
    kind: contents['k'] === 'public' ? 'public' : 'pairwise',
    mode: modeOf(contents['m']),
    userIndex,
    scope: String(contents['o']),
    maxAge: typeof contents['a'] === 'number' ? contents['a'] : undefined,
    authTimeRequested: contents['q'] === true,
    change: Number(contents['n']),
    resource: Array.isArray(contents['r']) ? contents['r'].map(String) : [],
    jkt: typeof contents['j'] === 'string' ? contents['j'] : undefined,
  };
}

function modeOf(value: SealValue | undefined): Mode {
  return value === 'public' || value === 'shadow' ? value : 'pairwise';
}
