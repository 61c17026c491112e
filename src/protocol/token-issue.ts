import { Refusal, orRefuse } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { GRANT_SECONDS } from '../grants/lifetime.ts';
import type { Logger } from '../observability/logger.ts';
import type { Subjects } from '../subjects/settle.ts';
import { sidFor } from '../tokens/derived.ts';
import { encryptJwt } from '../tokens/encrypt.ts';
import { tokenHash } from '../tokens/hashes.ts';
import type { Release } from '../tokens/release.ts';
import { releaseIdTokenClaims } from '../tokens/release.ts';
import { formerSubject } from '../tokens/former-subject.ts';
import { relayEmail } from '../tokens/relay-email.ts';
import { signIdToken } from '../tokens/sign.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import type { Client } from '../vendors/client.ts';
import type { Mode } from '../vendors/phase.ts';
import { makeAccessToken } from './access-token.ts';
import type { EncryptionWish, KeysOf } from './encrypted-answer.ts';
import { encryptionTarget } from './encrypted-answer.ts';
import type { Grant } from './grant.ts';
import { packGrant, sealGrantToken } from './grant.ts';
import type { JsonResponse } from './message.ts';
import { privateJson } from './message.ts';
import type { Seals } from './seals.ts';
import { words } from './parameters.ts';
import type { StandingGrants } from './standing.ts';
import { fallen } from './standing.ts';

/** What issuing tokens works with. */
export interface IssueParts {
  readonly issuer: string;
  readonly clients: StandingGrants & { readonly change: number };
  readonly upstream: UpstreamProvider;
  readonly exchange: Exchange;
  readonly subjects: Subjects;
  readonly seals: Seals;
  readonly sealRoot: Uint8Array;
  readonly claimsRoot: Uint8Array;
  /** The key that signs for an algorithm now. */
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
  readonly clock: () => Date;
  /** The public keys that clients want their answers encrypted to. */
  readonly clientKeys: KeysOf;
}

/** Seconds for which a token is good where the upstream does not say. */
const DEFAULT_LIFETIME = 3600;

/**
 * A lifetime in whole minutes, as far as it has any. An upstream that ends its
 * tokens with its session would otherwise tell every vendor the same instant.
 */
function wholeMinutes(seconds: number): number {
  return seconds < 60 ? seconds : seconds - (seconds % 60);
}

/** When a grant that begins now ends. */
export function refreshTokenExpiry(now: Date): Date {
  return new Date(now.getTime() + GRANT_SECONDS * 1000);
}

/** For how many seconds a token of the upstream is passed on at the most. */
export function lifetimeOf(tokens: Pick<UpstreamTokens, 'expiresIn'>): number {
  return wholeMinutes(tokens.expiresIn ?? DEFAULT_LIFETIME);
}

/** What the upstream granted of what we asked for (RFC 6749 5.1: all of it where it does not say). */
export function grantedScope(granted: string | undefined, asked: string): string {
  if (granted === undefined) return asked;
  const allowed = words(asked);
  return words(granted)
    .filter((scope) => allowed.includes(scope))
    .join(' ');
}

/** The session id that a vendor sees: keyed per sector, never the upstream's. */
export function sectorSid(
  parts: Pick<IssueParts, 'claimsRoot'>,
  client: Client,
  upstreamClaims: Readonly<Record<string, unknown>>,
): { sid?: string; upstreamSid?: string } {
  const upstreamSid = upstreamClaims['sid'];
  if (typeof upstreamSid !== 'string' || upstreamSid === '') return {};
  return { sid: sidFor(parts.claimsRoot, client.sector, upstreamSid), upstreamSid };
}

/** What tokens are issued from. */
export interface Issue {
  readonly client: Client;
  readonly grant: Grant;
  /** Of the access token: that of the grant, or less. */
  readonly scope: string;
  /** Of the access token: those of the grant, or fewer; undefined: those of the grant. */
  readonly resource?: readonly string[];
  /** The release policy that holds today. */
  readonly mode: Mode;
  readonly tokens: UpstreamTokens;
  /** Undefined: a refresh answer without an ID token. */
  readonly verified: VerifiedIdToken | undefined;
  readonly nonce: string | undefined;
  readonly now: Date;
  /** When the grant ends; undefined: it begins now. */
  readonly grantEnds?: Date;
  /** What is refused with where the grant ends while its tokens are made. */
  readonly ended: Reason;
  readonly log: Logger;
}

/** RELEASE → SEAL → SIGN: a token response of known members only (RFC 6749 5.1). */
export async function issueTokens(parts: IssueParts, issue: Issue): Promise<JsonResponse> {
  const { grant, scope, tokens, now } = issue;
  const { accessToken, lifetime } = await issueAccessToken(parts, issue);
  const body: Record<string, unknown> = {
    access_token: accessToken,
    token_type: grant.jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: lifetime,
    scope,
  };
  if (tokens.refreshToken !== undefined) {
    body['refresh_token'] = await sealGrantToken(
      parts.seals,
      'refresh_token',
      { grant: refreshable(issue), upstreamToken: tokens.refreshToken },
      { now, expiresAt: endOf(issue) },
    );
  }
  if (issue.verified !== undefined) {
    body['id_token'] = await issueIdToken(parts, issue, issue.verified, { accessToken });
  }
  requireStanding(parts, issue);
  parts.subjects.noteUse(issue.client, grant);
  return privateJson(body);
}

/**
 * Asked last, before anything leaves: keys of the client and references may have
 * taken their time, and a user may have been erased meanwhile.
 */
export function requireStanding(
  parts: Pick<IssueParts, 'clients' | 'clock'>,
  { grant, ended }: Pick<Issue, 'grant' | 'ended'>,
): void {
  const client = parts.clients.find(grant.clientId);
  const why = client === undefined ? 'gone' : fallen(grant, client, parts.clients, parts.clock());
  if (why !== undefined) throw new Refusal(ended, `${why} while tokens were made`);
}

/** RFC 9449 5: what a confidential client refreshes with is bound to its credential instead. */
function refreshable({ client, grant }: Issue): Grant {
  const isPublic = client.metadata.token_endpoint_auth_method === 'none';
  return isPublic ? grant : { ...grant, jkt: undefined };
}

function endOf({ grantEnds, now }: Issue): Date {
  return grantEnds ?? refreshTokenExpiry(now);
}

/** The access token, and for how many seconds it is good. */
export async function issueAccessToken(
  parts: IssueParts,
  issue: Issue,
): Promise<{ readonly accessToken: string; readonly lifetime: number }> {
  const { client, grant, scope, tokens, now } = issue;
  if (grant.jkt === undefined && client.metadata.dpop_bound_access_tokens === true) {
    // No key is proved at the authorization endpoint.
    throw new Refusal('client_front_channel', 'the client has dpop_bound_access_tokens');
  }
  // Once the grant's row is gone, nobody knows any more whether it was revoked.
  const remaining = Math.floor((endOf(issue).getTime() - now.getTime()) / 1000);
  const lifetime = wholeMinutes(Math.min(tokens.expiresIn ?? DEFAULT_LIFETIME, remaining));
  return makeAccessToken(parts, {
    ...{
      client,
      subject: grant.subject,
      scope,
      resource: issue.resource ?? grant.resource,
      now,
      lifetime,
    },
    claims: () => authenticationClaims(parts, issue),
    upstreamToken: tokens.accessToken,
    jkt: grant.jkt,
    ...{ contents: packGrant({ ...grant, scope }), user: grant.userIndex },
  });
}

/** RFC 9068 2.2.1: of the authentication a resource learns no more than the vendor does. */
function authenticationClaims(parts: IssueParts, issue: Issue): Readonly<Record<string, unknown>> {
  if (issue.verified === undefined) return {};
  const { auth_time, acr } = releasedClaims(parts, issue, issue.verified).claims;
  return {
    ...(auth_time === undefined ? {} : { auth_time }),
    ...(acr === undefined ? {} : { acr }),
  };
}

/** What the release policy lets through of the upstream's ID token. */
function releasedClaims(parts: IssueParts, issue: Issue, verified: VerifiedIdToken): Release {
  const { client, grant } = issue;
  return releaseIdTokenClaims({
    upstreamClaims: verified.claims,
    mode: issue.mode,
    client,
    localSubject: verified.subject,
    upstreamIssuer: parts.upstream.metadata().issuer,
    requested: { maxAge: grant.maxAge, authTimeRequested: grant.authTimeRequested },
    claimsRoot: parts.claimsRoot,
    userIndex: grant.userIndex,
  });
}

/** What an ID token is delivered with, and vouches for by hashes (OpenID Connect Core 3.3.2.11). */
export interface Companions {
  readonly accessToken?: string | undefined;
  readonly code?: string | undefined;
  readonly state?: string | undefined;
}

/** The ID token of the vendor: its claims by the release policy, the rest by us. */
export async function issueIdToken(
  parts: IssueParts,
  issue: Issue,
  verified: VerifiedIdToken,
  companions: Companions,
): Promise<string> {
  const { client, grant, now } = issue;
  const key = parts.signingKey(client.metadata.id_token_signed_response_alg);
  const released = releasedClaims(parts, issue, verified);
  if (released.dropped.length > 0) {
    issue.log.warn({ client: client.clientId, dropped: released.dropped }, 'claims held back');
  }
  const iat = Math.floor(now.getTime() / 1000);
  const remaining = Number(verified.claims['exp']) - iat;
  // It was good when it was verified; keeping it may have taken its last second.
  if (remaining <= 0) throw new Refusal(issue.ended, 'the upstream’s ID token is over');
  const idToken = await signIdToken(
    {
      ...released.claims,
      ...relayEmail(client.metadata, grant.subject, grant.kind),
      ...formerSubject(client.metadata.migration, issue.mode, verified.subject, now),
      iss: parts.issuer,
      sub: grant.subject,
      aud: client.clientId,
      iat,
      exp: iat + wholeMinutes(Math.min(remaining, DEFAULT_LIFETIME)),
      ...(issue.nonce === undefined ? {} : { nonce: issue.nonce }),
      ...hashes(companions, key.alg),
    },
    key,
  );
  const target = await encryptionTarget(client, encryptionOfIdTokens(client), parts.clientKeys);
  return target === undefined ? idToken : orRefuse(await encryptJwt(idToken, target));
}

function encryptionOfIdTokens({ metadata }: Client): EncryptionWish {
  return {
    alg: metadata.id_token_encrypted_response_alg,
    enc: metadata.id_token_encrypted_response_enc,
  };
}

/** Of the values that the vendor really gets, by our algorithm. */
function hashes(companions: Companions, alg: SigningKey['alg']): Readonly<Record<string, string>> {
  const { accessToken, code, state } = companions;
  return {
    ...(accessToken === undefined ? {} : { at_hash: tokenHash(accessToken, alg) }),
    ...(code === undefined ? {} : { c_hash: tokenHash(code, alg) }),
    ...(state === undefined ? {} : { s_hash: tokenHash(state, alg) }),
  };
}
