import { randomBytes } from 'node:crypto';
import { Refusal, orRefuse } from '../errors.ts';
import { upstreamCodeVerifier, upstreamNonce } from '../tokens/derived.ts';
import { verifierMatches } from '../tokens/pkce.ts';
import type { OneTimeUses } from '../grants/one-time.ts';
import { redeemCode } from '../upstream/token-request.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import { openCode } from './code.ts';
import type { SealedCode } from './code.ts';
import type { Grant } from './grant.ts';
import { optional, required } from './parameters.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { grantedScope, issueTokens, refreshTokenExpiry, sectorSid } from './token-issue.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import { upstreamTokens } from './upstream-tokens.ts';
import { verifiedIdToken } from './verified-id-token.ts';

/** The `authorization_code` grant (RFC 6749 4.1.3, OpenID Connect Core 3.1.3). */
export function codeGrant(parts: IssueParts, oneTime: OneTimeUses): GrantHandler {
  return async (authenticated, request) => {
    const { client } = authenticated;
    const now = parts.clock();
    const code = required(request.form, 'code');
    const opened = orRefuse(await openCode(parts.seals, code, now));
    checkCode(opened, authenticated, request.form);
    const use = { purpose: 'code', value: Buffer.from(code), replayed: 'code_replayed' } as const;
    await oneTime.refuseReplay(use, now);

    const { transaction } = opened;
    const tokens = await upstreamTokens(
      authenticated,
      (credentials) =>
        redeemCode({
          exchange: parts.exchange,
          metadata: parts.upstream.metadata(),
          credentials,
          code: opened.upstreamCode,
          redirectUri: transaction.redirectUri,
          codeVerifier: transaction.upstreamPkce
            ? upstreamCodeVerifier(parts.sealRoot, transaction.id)
            : undefined,
        }),
      'code_invalid',
    ).catch(async (error: unknown) => {
      // The upstream is the first to notice where another request has used the code meanwhile.
      if (error instanceof Refusal && error.reason === 'code_invalid') {
        await oneTime.refuseReplay(use, now);
      }
      throw error;
    });
    if (tokens.idToken === undefined) throw new Refusal('upstream_token_missing', 'no ID token');
    const verified = orRefuse(
      await verifiedIdToken(parts.upstream, tokens.idToken, {
        clientId: authenticated.upstream.clientId,
        nonce: upstreamNonce(parts.sealRoot, transaction.id),
        accessToken: tokens.accessToken,
        now,
      }),
    );
    const grantId = randomBytes(16).toString('base64url');
    const sid = sectorSid(parts, client, verified.claims);
    const settled = await parts.subjects.settle({
      client,
      localSubject: verified.subject,
      spend: { purpose: use.purpose, value: use.value, expiresAt: opened.expiresAt, grantId },
      session: { grantId, ...sid, expiresAt: refreshTokenExpiry(now) },
    });
    if (!settled.ok && settled.reason === 'code_replayed') {
      await oneTime.refuseReplay(use, now);
    }
    const resolution = orRefuse(settled);
    const grant: Grant = {
      id: grantId,
      clientId: client.clientId,
      subject: resolution.subject,
      kind: resolution.kind,
      mode: resolution.mode,
      userIndex: resolution.userIndex,
      scope: grantedScope(tokens.scope, transaction.scope),
      maxAge: transaction.maxAge,
      change: resolution.change,
    };
    return issueTokens(parts, {
      client,
      grant,
      scope: grant.scope,
      mode: resolution.mode,
      tokens,
      verified,
      nonce: transaction.nonce,
      now,
      log: request.log,
    });
  };
}

/** The code belongs to this client, this redirect URI and this verifier (RFC 6749 4.1.3, RFC 7636 4.6). */
function checkCode(code: SealedCode, { client }: AuthenticatedClient, form: URLSearchParams): void {
  const { transaction } = code;
  if (transaction.clientId !== client.clientId) throw new Refusal('code_of_another_client');
  if (required(form, 'redirect_uri') !== transaction.redirectUri) {
    throw new Refusal('code_redirect_uri');
  }
  if (!isRegisteredRedirectUri(transaction.redirectUri, client.metadata)) {
    throw new Refusal('code_redirect_uri', 'taken back since the login');
  }
  const verifier = optional(form, 'code_verifier');
  if (transaction.codeChallenge === undefined) {
    // RFC 9700 2.1.1: a verifier without a challenge is a downgrade attempt.
    if (verifier !== undefined) throw new Refusal('code_verifier_invalid', 'no challenge was sent');
    return;
  }
  if (verifier === undefined || !verifierMatches(verifier, transaction.codeChallenge)) {
    throw new Refusal('code_verifier_invalid');
  }
}
