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
import type { Asker } from './upstream-tokens.ts';
import { upstreamTokens } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

/** A user whom the upstream has told us of, and of whom nothing is kept yet. */
export interface Arrived {
  /** The client as it stands now that the upstream has answered. */
  readonly client: Client;
  readonly tokens: UpstreamTokens;
  readonly verified: VerifiedIdToken;
}

/** What an upstream code came to. */
export interface Redemption extends Arrived {
  readonly grant: Grant;
}

/**
 * Redeems an upstream code: VERIFY → RESOLVE. What is spent with it is used up
 * in the same transaction in which the subject is found.
 *
 * @returns `code_replayed` where it was spent before
 */
export async function redeem(
  parts: IssueParts,
  authenticated: Redeemer,
  pending: SealedCode,
  spend: Spend,
  now: Date,
): Promise<Result<Redemption>> {
  const arrived = await redeemForUser(parts, authenticated, pending, now);
  return settleRedeemed(parts, arrived, pending, spend, now);
}

/** Who redeems a code at the upstream. */
export type Redeemer = Asker & Pick<AuthenticatedClient, 'client'>;

type Spend = Omit<NonNullable<Arrival['spend']>, 'grantId'>;

/** The first half of {@link redeem}: VERIFY. Nothing is kept of the user. */
export async function redeemForUser(
  parts: IssueParts,
  authenticated: Redeemer,
  { upstreamCode, transaction }: SealedCode,
  now: Date,
): Promise<Arrived> {
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
  const nonce = upstreamNonce(parts.sealRoot, transaction.id);
  return verify(parts, authenticated, tokens, { nonce, gone: 'code_invalid', now });
}

/**
 * The second half of {@link redeem}: RESOLVE.
 *
 * @returns `code_replayed` where what is spent was spent before
 */
export function settleRedeemed(
  parts: IssueParts,
  arrived: Arrived,
  { transaction, change }: SealedCode,
  spend: Spend,
  now: Date,
): Promise<Result<Redemption>> {
  const { scope, maxAge, authTimeRequested, resource, browser } = transaction;
  const asked = { scope, maxAge, authTimeRequested, resource };
  const keepsIdToken = needsUpstreamHint(arrived.client, transaction);
  const since = { since: change, gone: 'code_invalid' } as const;
  return settle(parts, arrived, { asked, spend, browser, keepsIdToken, now, ...since });
}

/** The relay adds the upstream's ID token to a logout; nobody else ever needs it again. */
function needsUpstreamHint({ metadata }: Client, { frontChannel }: Transaction): boolean {
  return frontChannel === 'relay' && metadata.post_logout_redirect_uris.length > 0;
}

/** What an answer of the upstream is judged by. */
interface Verification {
  /** Ours towards the upstream; undefined where its kind of grant has none. */
  readonly nonce: string | undefined;
  /** What a client is refused with that was removed meanwhile. */
  readonly gone: Reason;
  readonly now: Date;
}

/** What becomes of a user's arrival. */
interface Settlement {
  /** What the vendor asked for. */
  readonly asked: Pick<Grant, 'scope' | 'maxAge' | 'authTimeRequested' | 'resource'>;
  /** What is used up in the same transaction. */
  readonly spend: Spend;
  /** The hash of the cookie that binds the browser in which the user arrived. */
  readonly browser?: string;
  /** Whether the upstream's ID token is kept for a logout. */
  readonly keepsIdToken?: boolean;
  /** The change-log position that held at the authentication, or before it. */
  readonly since: number;
  /** What a user is refused with whose login was ended since. */
  readonly gone: Reason;
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
  authenticated: Pick<AuthenticatedClient, 'client' | 'upstream'>,
  tokens: UpstreamTokens,
  expected: Verification & Settlement,
): Promise<Result<Redemption>> {
  return settle(parts, await verify(parts, authenticated, tokens, expected), expected);
}

async function verify(
  parts: IssueParts,
  { client, upstream }: Pick<AuthenticatedClient, 'client' | 'upstream'>,
  tokens: UpstreamTokens,
  { nonce, gone, now }: Verification,
): Promise<Arrived> {
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
  if (current === undefined) throw new Refusal(gone, 'the client is gone');
  return { client: current, tokens, verified };
}

async function settle(
  parts: IssueParts,
  { client, tokens, verified }: Arrived,
  expected: Settlement,
): Promise<Result<Redemption>> {
  const { asked, now } = expected;
  const grantId = randomBytes(16).toString('base64url');
  const settled = await parts.subjects.settle({
    client,
    localSubject: verified.subject,
    since: { change: expected.since, ended: expected.gone },
    spend: { ...expected.spend, grantId },
    session: {
      grantId,
      ...sectorSid(parts, client, verified.claims),
      ...(expected.browser !== undefined && { browser: expected.browser }),
      ...(expected.keepsIdToken === true &&
        tokens.idToken !== undefined && { upstreamIdToken: tokens.idToken }),
      expiresAt: refreshTokenExpiry(now),
    },
  });
  if (!settled.ok) return settled;
  const { subject, kind, mode, userIndex, change } = settled.value;
  const grant: Grant = {
    ...{ id: grantId, clientId: client.clientId, subject, kind, mode, userIndex },
    ...{ ...asked, scope: grantedScope(tokens.scope, asked.scope), change },
  };
  return success({ client, grant, tokens, verified });
}
