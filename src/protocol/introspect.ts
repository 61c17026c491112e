import { orRefuse, Refusal } from '../errors.ts';
import type { KnownSubjects } from '../subjects/known.ts';
import { clientSubject } from '../tokens/at-jwt.ts';
import { encryptJwt } from '../tokens/encrypt.ts';
import { signIntrospection } from '../tokens/introspection-jwt.ts';
import type { IntrospectionMembers } from '../tokens/introspection-jwt.ts';
import type { Client } from '../vendors/client.ts';
import type { AccessTokenParts } from './access-token.ts';
import type { AuthenticatedClient, ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';
import { encryptionTarget } from './encrypted-answer.ts';
import { asksForJwt } from './introspection-media-type.ts';
import { standpointOf, subjectInSectorOf } from './introspection-view.ts';
import type { Standpoint } from './introspection-view.ts';
import type { Endpoint, ProtocolResponse } from './message.ts';
import { NO_STORE, privateJson } from './message.ts';
import { refuseDuplicates, required } from './parameters.ts';
import type { OpenedToken } from './opened-token.ts';
import { openAnyToken } from './opened-token.ts';
import type { StandingGrants } from './standing.ts';
import { fallen } from './standing.ts';
import type { IssueParts } from './token-issue.ts';
import { upstreamCredentialsOf } from './upstream-credentials.ts';
import { forwardedCaller, introspectedUpstream, terminatedCaller } from './upstream-status.ts';
import type { UpstreamCaller } from './upstream-status.ts';

/** What introspection works with. */
export type IntrospectionParts = Pick<
  IssueParts,
  'issuer' | 'upstream' | 'exchange' | 'signingKey' | 'clientKeys' | 'clock'
> &
  AccessTokenParts & {
    readonly authentication: ClientAuthenticationParts;
    readonly known: KnownSubjects;
    readonly registry: StandingGrants;
  };

/** What a caller that may not know gets, and everybody for what is no good: always the same. */
const INACTIVE: IntrospectionMembers = { active: false };

/** Seconds for which the proxy vouches by its seal alone, where the upstream cannot be asked. */
const SEAL_SECONDS = 300;

/**
 * The introspection endpoint (RFC 7662), with signed answers for callers that
 * ask for them (RFC 9701). Nothing of the upstream's answer leaves.
 */
export function introspectionEndpoint(parts: IntrospectionParts): Endpoint {
  return async (request) => {
    refuseDuplicates(request.form);
    const caller = await authenticateClient(parts.authentication, request, 'introspect');
    if (caller.client.metadata.token_endpoint_auth_method === 'none') {
      const detail = 'a public client cannot introspect (RFC 7662 2.1)';
      throw new Refusal('client_authentication_method', detail);
    }
    const token = await openAnyToken(parts, required(request.form, 'token'));
    const members = await introspect(parts, caller, token);
    return asksForJwt(request.headers['accept'])
      ? signedAnswer(parts, caller.client, members)
      : privateJson({ ...members });
  };
}

/** Who asks about what, in which capacity. */
interface Question {
  readonly token: OpenedToken;
  readonly owner: Client;
  readonly standpoint: Standpoint;
}

async function introspect(
  parts: IntrospectionParts,
  caller: AuthenticatedClient,
  token: OpenedToken | undefined,
): Promise<IntrospectionMembers> {
  const asked = questionOf(parts, caller.client, token);
  if (asked === undefined) {
    if (caller.forwarded) await provenByUpstream(parts, caller);
    return INACTIVE;
  }
  const horizon = await goodUntil(parts, caller, asked);
  // The upstream may have taken its time: what holds now decides.
  const current = questionOf(parts, caller.client, token);
  if (horizon === undefined || current === undefined) return INACTIVE;
  return membersOf(parts, caller.client, current, horizon);
}

/** Undefined: to this caller the token does not exist, or it stands no longer. */
function questionOf(
  parts: IntrospectionParts,
  caller: Client,
  token: OpenedToken | undefined,
): Question | undefined {
  const owner = token === undefined ? undefined : parts.registry.find(token.clientId);
  if (token === undefined || owner === undefined) return undefined;
  const now = parts.clock();
  const standpoint = standpointOf(caller, owner, token);
  if (standpoint === undefined || token.expiresAt.getTime() <= now.getTime()) return undefined;
  const { user } = token;
  const stands =
    user === undefined
      ? token.change >= owner.notBefore
      : fallen(user, owner, parts.registry, now) === undefined;
  return stands ? { token, owner, standpoint } : undefined;
}

/** A forwarded credential is judged before anything is said, also where there is nothing to say. */
async function provenByUpstream(
  parts: IntrospectionParts,
  caller: AuthenticatedClient,
): Promise<void> {
  const answer = await introspectedUpstream(parts, forwardedCaller(caller), undefined);
  if (answer !== undefined) return;
  const detail = 'the upstream has no introspection that could judge a forwarded credential';
  throw new Refusal('client_authentication_method', detail);
}

/** Until when, in seconds since 1970, the proxy vouches for a token; undefined: not at all. */
async function goodUntil(
  parts: IntrospectionParts,
  caller: AuthenticatedClient,
  { token, owner }: Question,
): Promise<number | undefined> {
  const asking = askingFor(parts, caller, owner);
  const answer =
    asking === undefined ? undefined : await introspectedUpstream(parts, asking, token);
  const now = Math.floor(parts.clock().getTime() / 1000);
  const ours = Math.floor(token.expiresAt.getTime() / 1000);
  if (answer === undefined) {
    if (caller.forwarded) await provenByUpstream(parts, caller);
    // Whether the upstream has rotated a refresh token, only the upstream knows.
    return token.hint === 'access_token' ? Math.min(ours, now + SEAL_SECONDS) : undefined;
  }
  if (!answer.active) return undefined;
  const remaining = answer.expiresAt === undefined ? undefined : answer.expiresAt - now;
  if (remaining === undefined) return ours;
  // Never the upstream's own instant: it may be that of a session that several vendors see.
  return remaining <= 0 ? undefined : Math.min(ours, now + Math.ceil(remaining / 60) * 60);
}

/** With whose credential the upstream is asked; undefined: the proxy has none. */
function askingFor(
  parts: IntrospectionParts,
  caller: AuthenticatedClient,
  owner: Client,
): UpstreamCaller | undefined {
  if (caller.forwarded) return forwardedCaller(caller);
  if (owner.upstream === undefined) return undefined;
  return terminatedCaller(upstreamCredentialsOf(owner.upstream, parts.authentication.signing));
}

async function membersOf(
  parts: IntrospectionParts,
  caller: Client,
  { token, owner, standpoint }: Question,
  exp: number,
): Promise<IntrospectionMembers> {
  const isOfVendor = caller.vendorId === owner.vendorId;
  const subject =
    token.user === undefined && isOfVendor
      ? clientSubject(owner)
      : await subjectInSectorOf(parts.known, caller, owner, token);
  const { jkt } = token;
  const audience = standpoint.as === 'client' ? token.audience : standpoint.audience;
  return {
    active: true,
    iss: parts.issuer,
    exp,
    scope: token.scope,
    ...(token.hint === 'access_token' ? { token_type: jkt === undefined ? 'Bearer' : 'DPoP' } : {}),
    // RFC 9449 6.2: whoever takes the token checks the proof.
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
    ...(isOfVendor ? { client_id: owner.clientId } : {}),
    ...(subject === undefined ? {} : { sub: subject }),
    ...(audience.length === 0 ? {} : { aud: audience }),
  };
}

/** RFC 9701 5: signed for the one who asked, and encrypted where it registered that. */
async function signedAnswer(
  parts: IntrospectionParts,
  caller: Client,
  members: IntrospectionMembers,
): Promise<ProtocolResponse> {
  const { metadata } = caller;
  const wish = {
    alg: metadata.introspection_encrypted_response_alg,
    enc: metadata.introspection_encrypted_response_enc,
  };
  const target = await encryptionTarget(caller, wish, parts.clientKeys);
  const signed = await signIntrospection(
    {
      iss: parts.issuer,
      aud: caller.clientId,
      iat: Math.floor(parts.clock().getTime() / 1000),
      token_introspection: members,
    },
    parts.signingKey(
      metadata.introspection_signed_response_alg ?? metadata.id_token_signed_response_alg,
    ),
  );
  const jwt = target === undefined ? signed : orRefuse(await encryptJwt(signed, target));
  return { kind: 'jwt', mediaType: 'application/token-introspection+jwt', jwt, headers: NO_STORE };
}
