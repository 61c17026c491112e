import { orRefuse, Refusal } from '../errors.ts';
import type { LogoutGrants, LogoutSession } from '../grants/logout.ts';
import { failure, type Result } from '../result.ts';
import { upstreamSidIndex, userIndexIn } from '../subjects/session-index.ts';
import type { VerifiedLogoutToken } from '../tokens/logout-token.ts';
import { verifyLogoutToken } from '../tokens/logout-token.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { withFreshKeys } from './fresh-keys.ts';
import type { Endpoint } from './message.ts';
import { privateJson } from './message.ts';
import { refuseDuplicates, required } from './parameters.ts';

/** What the receiver of logout tokens works with. */
export interface BackchannelLogoutParts {
  readonly upstream: UpstreamProvider;
  readonly clients: { clients(): readonly Client[]; readonly databaseUp: boolean };
  readonly grants: LogoutGrants;
  /** The root of the keyed indexes. */
  readonly indexRoot: Uint8Array;
  /** Tries at once what was noted for delivery; does not wait. */
  readonly deliver: () => void;
  readonly clock: () => Date;
}

/** How long a vendor that is away is given, in seconds. */
const DELIVERY_SECONDS = 7200;

/**
 * Where the upstream tells of a logout (OpenID Connect Back-Channel Logout 2.5 to 2.8). It
 * is answered 200 once the grants are ended and the tokens for their vendors are durably
 * noted; nothing is answered before, and no pseudonym is made for it.
 */
export function backchannelLogoutEndpoint(parts: BackchannelLogoutParts): Endpoint {
  return async ({ form, log }) => {
    refuseDuplicates(form);
    const now = parts.clock();
    const token = orRefuse(await verified(parts.upstream, required(form, 'logout_token'), now));
    if (!parts.clients.databaseUp) throw new Refusal('database_unavailable', 'known outage');
    const clients = parts.clients
      .clients()
      .filter((client) => token.audience.includes(upstreamClientId(client)));
    if (clients.length === 0) throw new Refusal('logout_token_invalid', 'aud is no client of ours');
    const sessions = await sessionsOf(parts, clients, token, now);
    const recorded = await parts.grants.record(
      {
        spend: { value: Buffer.from(token.jti), expiresAt: token.expiresAt },
        grantIds: sessions.map(({ grantId }) => grantId),
        deliveries: deliveriesFor(clients, sessions, token),
        expiresAt: new Date(now.getTime() + DELIVERY_SECONDS * 1000),
      },
      now,
    );
    if (!recorded) throw new Refusal('logout_token_replayed');
    log.info({ grants: sessions.length }, 'logged out by the provider');
    parts.deliver();
    return privateJson({});
  };
}

async function verified(
  upstream: UpstreamProvider,
  jwt: string,
  now: Date,
): Promise<Result<VerifiedLogoutToken>> {
  const verify = (): Promise<Result<VerifiedLogoutToken>> => {
    const { issuer, id_token_signing_alg_values_supported: algorithms } = upstream.metadata();
    return verifyLogoutToken(jwt, { keys: upstream.keys(), issuer, algorithms, now });
  };
  const refetch = (): Promise<boolean> => upstream.refetchKeys();
  const result = await withFreshKeys(verify, 'id_token_key_unknown', refetch);
  return !result.ok && result.reason === 'id_token_key_unknown'
    ? failure('logout_token_invalid', 'signed with an unknown key')
    : result;
}

async function sessionsOf(
  { grants, indexRoot }: BackchannelLogoutParts,
  clients: readonly Client[],
  { sid, subject }: VerifiedLogoutToken,
  now: Date,
): Promise<readonly LogoutSession[]> {
  const bySector = Map.groupBy(clients, ({ sector }) => sector);
  const found = await Promise.all(
    [...bySector].map(async ([sector, members]) => {
      const clientIds = members.map(({ clientId }) => clientId);
      const userIndexes = subject === undefined ? [] : [userIndexIn(indexRoot, sector, subject)];
      if (sid === undefined) return grants.find(clientIds, { sector, userIndexes }, now);
      const upstreamSidIndexes = [upstreamSidIndex(indexRoot, sector, sid)];
      const sessions = await grants.find(clientIds, { upstreamSidIndexes }, now);
      return sessions.filter(({ userIndex }) =>
        userIndexes.every((user) => user.equals(userIndex)),
      );
    }),
  );
  return found.flat();
}

/** One token for each client and session, or each client and user; each told only what it knows. */
function deliveriesFor(
  clients: readonly Client[],
  sessions: readonly LogoutSession[],
  token: VerifiedLogoutToken,
) {
  const deliveries = new Map<string, { clientId: string; sub?: string; sid?: string }>();
  for (const { clientId, metadata } of clients) {
    if (metadata.backchannel_logout_uri === undefined) continue;
    const names = token.sid !== undefined || metadata.backchannel_logout_session_required === true;
    for (const session of sessions.filter((one) => one.clientId === clientId)) {
      const sub = subjectFor(session, token);
      const sid = names ? session.sid : undefined;
      if (sub === undefined && sid === undefined) continue;
      deliveries.set(JSON.stringify([clientId, sub, sid]), {
        clientId,
        ...(sub !== undefined && { sub }),
        ...(sid !== undefined && { sid }),
      });
    }
  }
  return [...deliveries.values()];
}

/** The `sub` as the grant released it; the original one is in the token, not in our database. */
function subjectFor(
  { released }: LogoutSession,
  { subject }: VerifiedLogoutToken,
): string | undefined {
  if (released.as === 'pseudonym') return released.sub;
  return released.as === 'original' ? subject : undefined;
}
