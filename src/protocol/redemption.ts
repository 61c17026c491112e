import { randomBytes } from 'node:crypto';
import type { Arrival } from '../subjects/arrival.ts';
import { Refusal, orRefuse } from '../errors.ts';
import type { Result } from '../result.ts';
import { success } from '../result.ts';
import { upstreamCodeVerifier, upstreamNonce } from '../tokens/derived.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import { redeemCode } from '../upstream/token-request.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import type { Client } from '../vendors/client.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { SealedCode } from './code.ts';
import type { Grant } from './grant.ts';
import type { IssueParts } from './token-issue.ts';
import { grantedScope, refreshTokenExpiry, sectorSid } from './token-issue.ts';
import { upstreamRedirectUri } from './upstream-authorization.ts';
import { upstreamTokens } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

/** What an upstream code came to. */
export interface Redemption {
  /** The client as it stands now that the upstream has answered. */
  readonly client: Client;
  readonly grant: Grant;
  readonly tokens: UpstreamTokens;
  readonly verified: VerifiedIdToken;
}

/**
 * Redeems an upstream code: VERIFY → RESOLVE. What is spent with it is used up
 * in the same transaction in which the subject is found.
 *
 * @returns `code_replayed` where it was spent before
 */
export async function redeem(
  parts: IssueParts,
  authenticated: Pick<
    AuthenticatedClient,
    'client' | 'upstream' | 'otherReading' | 'forwarded' | 'failed'
  >,
  { upstreamCode, transaction }: SealedCode,
  spend: Omit<NonNullable<Arrival['spend']>, 'grantId'>,
  now: Date,
): Promise<Result<Redemption>> {
  const { client } = authenticated;
  const tokens = await upstreamTokens(
    authenticated,
    (credentials) =>
      redeemCode({
        exchange: parts.exchange,
        metadata: parts.upstream.metadata(),
        credentials,
        code: upstreamCode,
        redirectUri: upstreamRedirectUri(parts.issuer, transaction),
        codeVerifier: transaction.upstreamPkce
          ? upstreamCodeVerifier(parts.sealRoot, transaction.id)
          : undefined,
      }),
    'code_invalid',
  );
  if (tokens.idToken === undefined) throw new Refusal('upstream_token_missing', 'no ID token');
  const verified = orRefuse(
    await verifiedIdToken(parts.upstream, tokens.idToken, {
      clientId: authenticated.upstream.clientId,
      nonce: upstreamNonce(parts.sealRoot, transaction.id),
      accessToken: tokens.accessToken,
      now,
    }),
  );
  const current = parts.clients.find(client.clientId);
  if (current === undefined) throw new Refusal('code_invalid', 'the client is gone');
  const grantId = randomBytes(16).toString('base64url');
  const settled = await parts.subjects.settle({
    client: current,
    localSubject: verified.subject,
    spend: { ...spend, grantId },
    session: {
      grantId,
      ...sectorSid(parts, current, verified.claims),
      expiresAt: refreshTokenExpiry(now),
    },
  });
  if (!settled.ok) return settled;
  const { subject, kind, mode, userIndex, change } = settled.value;
  const scope = grantedScope(tokens.scope, transaction.scope);
  const { maxAge, authTimeRequested, resource } = transaction;
  const grant: Grant = {
    ...{ id: grantId, clientId: client.clientId, subject, kind, mode, userIndex },
    ...{ scope, maxAge, authTimeRequested, resource, change },
  };
  return success({ client: current, grant, tokens, verified });
}
