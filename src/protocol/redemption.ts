import { randomBytes } from 'node:crypto';
import type { Arrival } from '../subjects/arrival.ts';
import { Refusal, orRefuse } from '../errors.ts';
import type { Reason } from '../errors.ts';
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
import type { Transaction } from './transaction.ts';
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
  const { scope, maxAge, authTimeRequested, resource } = transaction;
  return arrive(parts, authenticated, tokens, {
    asked: { scope, maxAge, authTimeRequested, resource },
    ...{ spend, now },
    nonce: upstreamNonce(parts.sealRoot, transaction.id),
    gone: 'code_invalid',
    browser: transaction.browser,
    keepsIdToken: needsUpstreamHint(authenticated.client, transaction),
  });
}

/** The relay adds the upstream's ID token to a logout; nobody else ever needs it again. */
function needsUpstreamHint({ metadata }: Client, { frontChannel }: Transaction): boolean {
  return frontChannel === 'relay' && metadata.post_logout_redirect_uris.length > 0;
}

/** What a user's arrival is judged by. */
export interface Expected {
  /** What the vendor asked for. */
  readonly asked: Pick<Grant, 'scope' | 'maxAge' | 'authTimeRequested' | 'resource'>;
  /** Ours towards the upstream; undefined where its kind of grant has none. */
  readonly nonce: string | undefined;
  /** What is used up in the same transaction. */
  readonly spend: Omit<NonNullable<Arrival['spend']>, 'grantId'>;
  /** What a client is refused with that was removed meanwhile. */
  readonly gone: Reason;
  /** The hash of the cookie that binds the browser in which the user arrived. */
  readonly browser?: string;
  /** Whether the upstream's ID token is kept for a logout. */
  readonly keepsIdToken?: boolean;
  readonly now: Date;
}

/**
 * The first tokens of a grant, whichever its type: VERIFY → RESOLVE.
 *
 * @returns `code_replayed` where what is spent was spent before
 * @throws Refusal `upstream_token_missing` without an ID token, and those of its verification
 */
export async function arrive(
  parts: IssueParts,
  { client, upstream }: Pick<AuthenticatedClient, 'client' | 'upstream'>,
  tokens: UpstreamTokens,
  expected: Expected,
): Promise<Result<Redemption>> {
  const { now, nonce, asked } = expected;
  if (tokens.idToken === undefined) throw new Refusal('upstream_token_missing', 'no ID token');
  const verified = orRefuse(
    await verifiedIdToken(parts.upstream, tokens.idToken, {
      clientId: upstream.clientId,
      nonce,
      accessToken: tokens.accessToken,
      now,
    }),
  );
  const current = parts.clients.find(client.clientId);
  if (current === undefined) throw new Refusal(expected.gone, 'the client is gone');
  const grantId = randomBytes(16).toString('base64url');
  const settled = await parts.subjects.settle({
    client: current,
    localSubject: verified.subject,
    spend: { ...expected.spend, grantId },
    session: {
      grantId,
      ...sectorSid(parts, current, verified.claims),
      ...(expected.browser !== undefined && { browser: expected.browser }),
      ...(expected.keepsIdToken === true && { upstreamIdToken: tokens.idToken }),
      expiresAt: refreshTokenExpiry(now),
    },
  });
  if (!settled.ok) return settled;
  const { subject, kind, mode, userIndex, change } = settled.value;
  const grant: Grant = {
    ...{ id: grantId, clientId: client.clientId, subject, kind, mode, userIndex },
    ...{ ...asked, scope: grantedScope(tokens.scope, asked.scope), change },
  };
  return success({ client: current, grant, tokens, verified });
}
