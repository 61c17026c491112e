import { Refusal, orRefuse } from '../errors.ts';
import type { OneTimeUse, OneTimeUses } from '../grants/one-time.ts';
import { refreshTokens } from '../upstream/token-request.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import type { Client } from '../vendors/client.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { Grant } from './grant.ts';
import { openGrantToken } from './grant.ts';
import { optional, required, words } from './parameters.ts';
import { narrowedResources } from './resources.ts';
import type { StandingGrants } from './standing.ts';
import { modeToday, standingClient } from './standing.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { grantedScope, issueTokens } from './token-issue.ts';
import { upstreamTokens } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

const FALLEN = {
  gone: 'refresh_invalid',
  revoked: 'grant_revoked',
  ended: 'grant_revoked',
  continuity: 'continuity_ended',
} as const;

/** The `refresh_token` grant (RFC 6749 6, OpenID Connect Core 12). */
export function refreshGrant(
  parts: IssueParts,
  registry: StandingGrants,
  oneTime: OneTimeUses,
): GrantHandler {
  return async (authenticated, request, jkt) => {
    const { clientId } = authenticated.client;
    const now = parts.clock();
    const refreshToken = required(request.form, 'refresh_token');
    const { grant, upstreamToken, expiresAt } = orRefuse(
      await openGrantToken(parts.seals, 'refresh_token', refreshToken, now),
    );
    if (grant.clientId !== clientId) throw new Refusal('refresh_of_another_client');
    const { metadata } = standingClient(grant, registry, now, FALLEN);
    // Before its use is noted: who lacks the key must not end the grant either.
    if (grant.jkt !== undefined && grant.jkt !== jkt) throw new Refusal('refresh_dpop_key');
    const resource = narrowedResources(request.form, authenticated.client, grant.resource);
    const scope = narrowedScope(optional(request.form, 'scope'), grant.scope);
    const rotates = metadata.token_endpoint_auth_method === 'none';
    const use: OneTimeUse = {
      purpose: 'refresh_token',
      value: Buffer.from(refreshToken),
      replayed: 'refresh_replayed',
    };
    if (rotates) await oneTime.refuseReplay(use, now);

    const tokens = await upstreamTokens(
      authenticated,
      (credentials) =>
        refreshTokens({
          exchange: parts.exchange,
          metadata: parts.upstream.metadata(),
          credentials,
          refreshToken: upstreamToken,
          scope: scope === grant.scope ? undefined : scope,
        }),
      'refresh_invalid',
    );
    if (rotates) await oneTime.use(use, grant.id, expiresAt, now);
    // The upstream may have taken its time: what holds now decides.
    const client = standingClient(grant, registry, now, FALLEN);
    const verified =
      tokens.idToken === undefined
        ? undefined
        : await verifiedSameUser(parts, { ...authenticated, client }, grant, tokens.idToken, now);
    return issueTokens(parts, {
      client,
      grant: { ...grant, jkt },
      scope: grantedScope(tokens.scope, scope),
      resource,
      mode: modeToday(grant, client),
      // A public client always gets a new token, also where the upstream does not rotate.
      tokens: rotates ? { ...tokens, refreshToken: tokens.refreshToken ?? upstreamToken } : tokens,
      verified,
      nonce: undefined,
      now,
      ...{ grantEnds: expiresAt, ended: 'grant_revoked' },
      log: request.log,
    });
  };
}

/** OpenID Connect Core 12.2: the refreshed ID token must be about the same user. */
async function verifiedSameUser(
  parts: IssueParts,
  { client, upstream }: AuthenticatedClient,
  grant: Grant,
  idToken: string,
  now: Date,
): Promise<VerifiedIdToken> {
  const verified = orRefuse(
    await verifiedIdToken(parts.upstream, idToken, {
      clientId: upstream.clientId,
      nonce: undefined,
      accessToken: undefined,
      now,
    }),
  );
  await requireSameUser(parts, client, grant, verified.subject);
  return verified;
}

/** The upstream speaks of the user whose index the grant carries, or the answer is refused. */
export async function requireSameUser(
  parts: Pick<IssueParts, 'subjects'>,
  client: Client,
  grant: Grant,
  localSubject: string,
): Promise<void> {
  const index = orRefuse(parts.subjects.indexOf(client, localSubject));
  if (Buffer.from(index).equals(grant.userIndex)) return;
  if (await parts.subjects.isLinked(client, localSubject, grant.userIndex)) return;
  throw new Refusal('subject_of_another_user');
}

/** RFC 6749 6: never more than was granted. */
export function narrowedScope(requested: string | undefined, granted: string): string {
  if (requested === undefined) return granted;
  const allowed = words(granted);
  const wanted = words(requested);
  if (wanted.some((scope) => !allowed.includes(scope))) {
    throw new Refusal('scope_invalid', 'more than was granted');
  }
  return wanted.join(' ');
}
