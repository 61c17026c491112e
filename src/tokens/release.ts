import type { Client, Phase } from '../vendors/client.ts';
import { authTimeOffset, sidFor } from './derived.ts';
import { baseName, releasedNames, SCOPE_CLAIMS } from './released-names.ts';
import type { RelayEmailPolicy } from './relay-email.ts';
import { carries, identifier, type Identifier } from './traces.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Why a claim that was to be released is held back. */
type DropReason =
  /** Its value, or its name's language tag, contains the local subject. */
  | 'local_subject'
  /** It contains the upstream's issuer URL. */
  | 'upstream_issuer'
  /** It contains the upstream's session id. */
  | 'upstream_sid'
  /** An aggregated or distributed claim (OpenID Connect Core 5.6.2). */
  | 'aggregated'
  /** A protocol claim, which is never copied from the upstream. */
  | 'protocol'
  /** It is not of the type that its specification asks for. */
  | 'malformed';

/** What leaves, and what was to leave and was held back. */
export interface Release {
  /** Without `iss`, `sub`, `aud`, `exp`, `iat`, `nonce` and hashes, which the endpoint makes. */
  readonly claims: Record<string, unknown>;
  /** `claim` without its language tag, so that it can be logged. */
  readonly dropped: readonly { readonly claim: string; readonly why: DropReason }[];
}

/** Claims of one user for one client. */
export interface ReleaseInput {
  /** From a verified ID token, or from userinfo of the same user. */
  readonly upstreamClaims: Claims;
  /** What this user of this client is served as; the stricter where two phases meet. */
  readonly mode: Phase;
  readonly client: Pick<Client, 'releaseClaims' | 'sector'> & {
    readonly metadata: { readonly require_auth_time: boolean } & RelayEmailPolicy;
  };
  readonly localSubject: string;
  readonly upstreamIssuer: string;
  /** The keyring's `claims`. */
  readonly claimsRoot: Uint8Array;
  readonly userIndex: Uint8Array;
}

/** How the client asked for `auth_time` (OpenID Connect Core 2, 5.5). */
export interface AuthTimeRequest {
  /** `max_age` in seconds. */
  readonly maxAge?: number | undefined;
  /** Named in `claims.id_token`. */
  readonly authTimeRequested?: boolean | undefined;
}

/** Claims that the proxy makes itself, in every phase. */
const OWN_CLAIMS: ReadonlySet<string> = new Set(
  words('iss sub aud exp iat nbf jti nonce azp at_hash c_hash s_hash').concat(
    'urn:openid:params:jwt:claim:rt_hash',
  ),
);

/** Claims that say who or what acted at the upstream; not for a pairwise client, even if named. */
const NEVER_PAIRWISE: ReadonlySet<string> = new Set(
  words('act may_act authorization_details events sub_id sub_jwk cnf txn session_state').concat(
    'urn:openid:params:jwt:claim:auth_req_id',
  ),
);

const AGGREGATION: ReadonlySet<string> = new Set(['_claim_names', '_claim_sources']);

/** From this `max_age` (seconds) on, the upstream is asked for a fresher login, and `auth_time` moves. */
const MOVABLE_MAX_AGE = 120;
/** A shorter upstream `sid` would be found everywhere by chance. */
const SHORTEST_SID = 8;

/** The claims of an ID token by the release policy (design section 5). */
export function releaseIdTokenClaims(
  input: ReleaseInput & { readonly requested: AuthTimeRequest },
): Release {
  const { maxAge, authTimeRequested } = input.requested;
  const wanted =
    maxAge !== undefined || authTimeRequested === true || input.client.metadata.require_auth_time;
  const exact = maxAge !== undefined && maxAge < MOVABLE_MAX_AGE;
  return release(input, wanted ? (exact ? 'exact' : 'moved') : 'withheld');
}

/** The claims of a userinfo answer by the release policy; `auth_time` is not one of them. */
export function releaseUserinfoClaims(input: ReleaseInput): Release {
  return release(input, 'withheld');
}

type AuthTime = 'withheld' | 'moved' | 'exact';
type Verdict =
  { readonly value: unknown; readonly as?: string } | { readonly why: DropReason } | undefined;

function release(input: ReleaseInput, authTime: AuthTime): Release {
  const judge = input.mode === 'pairwise' ? pairwiseJudge(input, authTime) : openJudge(input);
  const released: [string, unknown][] = [];
  const dropped: { claim: string; why: DropReason }[] = [];
  for (const [name, value] of Object.entries(input.upstreamClaims)) {
    const verdict = judge(name, value);
    if (verdict === undefined) continue;
    if ('why' in verdict) dropped.push({ claim: baseName(name), why: verdict.why });
    else released.push([verdict.as ?? name, verdict.value]);
  }
  return { claims: Object.fromEntries(released), dropped };
}

/** `public` and `shadow`: what the upstream says, but for what the proxy makes itself. */
function openJudge(input: ReleaseInput): (name: string, value: unknown) => Verdict {
  const aggregated = aggregatedNames(input.upstreamClaims);
  return (name, value) => {
    if (OWN_CLAIMS.has(baseName(name))) return undefined;
    if (aggregated.has(baseName(name))) return { why: 'aggregated' };
    return name === 'sid' ? sectorSid(input, value) : { value };
  };
}

/** `pairwise`: what is named, unless it gives the user or the upstream away. */
function pairwiseJudge(
  input: ReleaseInput,
  authTime: AuthTime,
): (name: string, value: unknown) => Verdict {
  const names = releasedNames(input.client.releaseClaims);
  const hasRelayEmail = input.client.metadata.relay_email_domain !== undefined;
  const aggregated = aggregatedNames(input.upstreamClaims);
  const traces = revealing(input);
  return (name, value) => {
    const base = baseName(name);
    if (OWN_CLAIMS.has(base)) return undefined;
    if (name === 'sid') return sectorSid(input, value);
    if (name === 'auth_time') return releasedAuthTime(input, value, authTime);
    const tag = name.slice(base.length);
    const as = names.get(name) ?? (names.has(base) ? `${names.get(base)}${tag}` : undefined);
    if (as === undefined) return undefined;
    // One address, or there would be two for one user.
    if (hasRelayEmail && /^email(_verified)?$/.test(baseName(as))) return undefined;
    if (aggregated.has(base)) return { why: 'aggregated' };
    if ([base, baseName(as)].some(isNeverPairwise)) return { why: 'protocol' };
    // The operator chose the name; its language tag, like the value, is the upstream's.
    const found = traces.find(([, trace]) => carries([tag, value], trace));
    return found === undefined ? { value, as } : { why: found[0] };
  };
}

function isNeverPairwise(base: string): boolean {
  return (
    OWN_CLAIMS.has(base) ||
    NEVER_PAIRWISE.has(base) ||
    base.endsWith('_hash') ||
    base === 'sid' ||
    base === 'auth_time'
  );
}

function aggregatedNames(claims: Claims): ReadonlySet<string> {
  const names = claims['_claim_names'];
  const isObject = typeof names === 'object' && names !== null;
  return new Set([...AGGREGATION, ...(isObject ? Object.keys(names).map(baseName) : [])]);
}

/** What no released value may contain. */
function revealing(input: ReleaseInput): readonly (readonly [DropReason, Identifier])[] {
  const sid = input.upstreamClaims['sid'];
  const issuer = input.upstreamIssuer.replace(/^[a-z][a-z0-9+.-]*:/i, '').replace(/\/+$/, '');
  return [
    ['local_subject', identifier(input.localSubject)],
    ['upstream_issuer', { folded: identifier(issuer).folded, squeezed: undefined }],
    ...(typeof sid === 'string' && sid.length >= SHORTEST_SID
      ? [['upstream_sid', identifier(sid)] as const]
      : []),
  ];
}

function sectorSid({ claimsRoot, client }: ReleaseInput, sid: unknown): Verdict {
  if (typeof sid !== 'string' || sid === '') return { why: 'malformed' };
  return { value: sidFor(claimsRoot, client.sector, sid) };
}

function releasedAuthTime(input: ReleaseInput, value: unknown, authTime: AuthTime): Verdict {
  if (authTime === 'withheld') return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return { why: 'malformed' };
  const seconds = Math.floor(value);
  if (authTime === 'exact') return { value: seconds };
  const { claimsRoot, client, userIndex } = input;
  return { value: Math.max(0, seconds - authTimeOffset(claimsRoot, client.sector, userIndex)) };
}

/**
 * The requested scopes that the release policy can use: for a pairwise client,
 * `profile`, `email`, `address` and `phone` only where one of their claims is
 * released, so that the upstream is not even asked for the rest.
 */
export function scopesFor(
  releaseClaims: readonly string[],
  requested: readonly string[],
  mode: Phase,
): readonly string[] {
  if (mode !== 'pairwise') return requested;
  const named = new Set([...releasedNames(releaseClaims).keys()].map(baseName));
  return requested.filter((scope) => {
    const claims = SCOPE_CLAIMS.get(scope);
    return claims === undefined || claims.some((claim) => named.has(claim));
  });
}

function words(list: string): string[] {
  return list.split(' ');
}
