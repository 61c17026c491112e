import { Refusal, orRefuse } from '../errors.ts';
import type { OneTimeUse, OneTimeUses } from '../grants/one-time.ts';
import { CIBA_GRANT, DEVICE_CODE_GRANT } from '../upstream/grant-types.ts';
import { pollTokens } from '../upstream/out-of-band.ts';
import type { UpstreamTokens } from '../upstream/token-request.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import { satisfiesHints } from './hints.ts';
import { required } from './parameters.ts';
import type { PendingLoginKind } from './pending-login.ts';
import { openPendingLogin } from './pending-login.ts';
import { arrive } from './redemption.ts';
import type { GrantHandler } from './token.ts';
import type { IssueParts } from './token-issue.ts';
import { issueTokens } from './token-issue.ts';
import { upstreamTokens } from './upstream-tokens.ts';

const GRANT_TYPES: Readonly<Record<PendingLoginKind, string>> = {
  device_code: DEVICE_CODE_GRANT,
  auth_req_id: CIBA_GRANT,
};

/**
 * The grants of those who poll: `device_code` (RFC 8628 3.4) and CIBA (10.1).
 * While the user has not decided, each poll is passed on. The tokens go out once.
 */
export function polledGrant(
  parts: IssueParts,
  oneTime: OneTimeUses,
  kind: PendingLoginKind,
): GrantHandler {
  return async (authenticated, request, jkt) => {
    const value = required(request.form, kind);
    const login = orRefuse(await openPendingLogin(parts.seals, kind, value, parts.clock()));
    if (login.clientId !== authenticated.client.clientId) {
      throw new Refusal('pending_login_of_another_client');
    }
    const use: OneTimeUse = {
      purpose: kind,
      value: Buffer.from(value),
      replayed: 'pending_login_replayed',
    };
    await oneTime.refuseReplay(use, parts.clock());
    const tokens = await poll(parts, authenticated, kind, login.upstreamValue).catch(
      async (error: unknown) => {
        // The upstream is the first to notice where another replica was given the tokens meanwhile.
        await oneTime.refuseReplay(use, parts.clock());
        throw error;
      },
    );
    const now = parts.clock();
    const arrived = await arrive(parts, authenticated, tokens, {
      asked: { scope: login.scope, maxAge: undefined, authTimeRequested: false, resource: [] },
      nonce: undefined,
      spend: { purpose: use.purpose, value: use.value, expiresAt: login.expiresAt },
      ...{ gone: 'pending_login_invalid', since: login.change, now },
    });
    if (!arrived.ok && arrived.reason === 'code_replayed') await oneTime.refuseReplay(use, now);
    const { client, grant, verified } = orRefuse(arrived);
    if (!satisfiesHints(login.hinted, grant.userIndex)) {
      throw new Refusal('subject_of_another_user', 'another than was asked for');
    }
    return issueTokens(parts, {
      ...{ client, grant: { ...grant, jkt }, tokens, verified, now },
      scope: grant.scope,
      mode: grant.mode,
      ...{ nonce: undefined, ended: 'pending_login_invalid' },
      log: request.log,
    });
  };
}

function poll(
  parts: IssueParts,
  authenticated: AuthenticatedClient,
  kind: PendingLoginKind,
  upstreamValue: string,
): Promise<UpstreamTokens> {
  const grant = { grant_type: GRANT_TYPES[kind], [kind]: upstreamValue };
  const { exchange } = parts;
  return upstreamTokens(
    authenticated,
    (credentials) =>
      pollTokens({ exchange, metadata: parts.upstream.metadata(), credentials }, grant),
    'pending_login_invalid',
  );
}
