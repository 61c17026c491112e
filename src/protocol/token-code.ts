import { Refusal, orRefuse } from '../errors.ts';
import { verifierMatches } from '../tokens/pkce.ts';
import type { OneTimeUse, OneTimeUses } from '../grants/one-time.ts';
import { isRegisteredRedirectUri } from '../vendors/redirect-uri.ts';
import { openCode } from './code.ts';
import type { OpenedCode } from './code.ts';
import { satisfiesHints } from './hints.ts';
import { optional, required } from './parameters.ts';
import { redeem } from './redemption.ts';
import type { Redemption } from './redemption.ts';
import { narrowedResources } from './resources.ts';
import { modeToday, standingClient } from './standing.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { issueTokens } from './token-issue.ts';
import type { AuthenticatedClient } from './client-authentication.ts';

const FALLEN = {
  gone: 'code_invalid',
  revoked: 'grant_revoked',
  ended: 'code_invalid',
  continuity: 'code_invalid',
} as const;

/** The `authorization_code` grant (RFC 6749 4.1.3, OpenID Connect Core 3.1.3). */
export function codeGrant(parts: IssueParts, oneTime: OneTimeUses): GrantHandler {
  return async (authenticated, request, jkt) => {
    const now = parts.clock();
    const code = required(request.form, 'code');
    const opened = orRefuse(await openCode(parts.seals, code, now));
    checkCode(opened, authenticated, request.form, jkt);
    const use = { purpose: 'code', value: Buffer.from(code), replayed: 'code_replayed' } as const;
    await oneTime.refuseReplay(use, now);
    const { client, grant, tokens, verified } =
      opened.way === 'late'
        ? await redeemLate(parts, authenticated, opened, use, oneTime, now)
        : await useEarly(parts, opened, use, oneTime, now);
    return issueTokens(parts, {
      ...{ client, grant: { ...grant, jkt }, tokens, verified, now },
      scope: grant.scope,
      resource: narrowedResources(request.form, client, grant.resource),
      // Of the early way, where the phase may have changed while the vendor kept the code.
      mode: modeToday(grant, client),
      ...{ nonce: opened.transaction.nonce, ended: 'code_invalid' },
      log: request.log,
    });
  };
}

/** The late way: the code is used up where the upstream's answer is settled. */
async function redeemLate(
  parts: IssueParts,
  authenticated: AuthenticatedClient,
  opened: OpenedCode & { readonly way: 'late' },
  use: OneTimeUse,
  oneTime: OneTimeUses,
  now: Date,
): Promise<Redemption> {
  const { purpose, value } = use;
  const spend = { purpose, value, expiresAt: opened.expiresAt };
  const redeemed = await redeem(parts, authenticated, opened, spend, now).catch(
    async (error: unknown) => {
      // The upstream is the first to notice where another request has used the code meanwhile.
      if (error instanceof Refusal && error.reason === 'code_invalid') {
        await oneTime.refuseReplay(use, now);
      }
      throw error;
    },
  );
  if (!redeemed.ok && redeemed.reason === 'code_replayed') await oneTime.refuseReplay(use, now);
  const redemption = orRefuse(redeemed);
  if (!satisfiesHints(opened.transaction.hinted, redemption.grant.userIndex)) {
    throw new Refusal('hint_mismatch_late');
  }
  return redemption;
}

/** The early way: the upstream's code was redeemed before; only ours is used up now. */
async function useEarly(
  parts: IssueParts,
  opened: OpenedCode & { readonly way: 'early' },
  use: OneTimeUse,
  oneTime: OneTimeUses,
  now: Date,
): Promise<Redemption> {
  await oneTime.use(use, opened.grant.id, opened.expiresAt, now);
  const client = standingClient(opened.grant, parts.clients, now, FALLEN);
  return { client, ...opened };
}

/**
 * The code belongs to this client, this redirect URI, this verifier and this key
 * (RFC 6749 4.1.3, RFC 7636 4.6, RFC 9449 10).
 */
function checkCode(
  code: OpenedCode,
  { client }: AuthenticatedClient,
  form: URLSearchParams,
  jkt: string | undefined,
): void {
  const { transaction } = code;
  if (transaction.clientId !== client.clientId) throw new Refusal('code_of_another_client');
  if (required(form, 'redirect_uri') !== transaction.redirectUri) {
    throw new Refusal('code_redirect_uri');
  }
  if (!isRegisteredRedirectUri(transaction.redirectUri, client.metadata)) {
    throw new Refusal('code_redirect_uri', 'taken back since the login');
  }
  if (transaction.dpopJkt !== undefined && transaction.dpopJkt !== jkt) {
    throw new Refusal('code_dpop_key');
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
