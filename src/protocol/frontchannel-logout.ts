import { Refusal } from '../errors.ts';
import type { LogoutGrants } from '../grants/logout.ts';
import { upstreamSidIndex } from '../subjects/session-index.ts';
import type { Client } from '../vendors/client.ts';
import { frontChannelAddress } from './frontchannel-address.ts';
import type { Endpoint, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { escaped } from './page.ts';
import { optional, refuseDuplicates } from './parameters.ts';

/** What the front-channel logout page works with. */
export interface FrontChannelLogoutParts {
  readonly issuer: string;
  readonly upstreamIssuer: string;
  readonly clients: { clients(): readonly Client[] };
  readonly grants: LogoutGrants;
  /** The root of the keyed indexes. */
  readonly indexRoot: Uint8Array;
  readonly clock: () => Date;
}

/**
 * What the upstream's logout page shows in a frame (OpenID Connect Front-Channel Logout 3):
 * the grants of the session end, and each of its vendors is shown a frame of its own in
 * turn. Nothing happens without the session's id, which nobody else knows.
 */
export function frontChannelLogoutEndpoint(parts: FrontChannelLogoutParts): Endpoint {
  return async ({ query }) => {
    refuseDuplicates(query);
    const sid = optional(query, 'sid');
    const iss = optional(query, 'iss');
    // In a relayed page the upstream's address has become ours.
    if (iss !== undefined && iss !== parts.upstreamIssuer && iss !== parts.issuer) {
      throw new Refusal('response_foreign', 'iss is not the upstream');
    }
    return framesPage(sid === undefined ? [] : await framesFor(parts, sid), parts.upstreamIssuer);
  };
}

async function framesFor(parts: FrontChannelLogoutParts, sid: string): Promise<readonly string[]> {
  const clients = parts.clients.clients();
  const now = parts.clock();
  const sectors = [...new Set(clients.map(({ sector }) => sector))];
  const sessions = await parts.grants.find(
    clients.map(({ clientId }) => clientId),
    { upstreamSidIndexes: sectors.map((sector) => upstreamSidIndex(parts.indexRoot, sector, sid)) },
    now,
  );
  await parts.grants.end(
    sessions.map(({ grantId }) => grantId),
    now,
  );
  const frames = clients.flatMap(({ clientId, metadata }) => {
    const uri = metadata.frontchannel_logout_uri;
    const session = sessions.find((one) => one.clientId === clientId);
    if (uri === undefined || session?.sid === undefined) return [];
    return [frontChannelAddress(uri, parts.issuer, session.sid)];
  });
  return [...new Set(frames)];
}

function framesPage(frames: readonly string[], upstreamIssuer: string): ProtocolResponse {
  const html =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Logging out</title></head>' +
    `<body>${frames.map((frame) => `<iframe src="${escaped(frame)}"></iframe>`).join('')}</body></html>\n`;
  const origins = [...new Set(frames.map((frame) => new URL(frame).origin))];
  const policy = [
    "default-src 'none'",
    `frame-src ${origins.length === 0 ? "'none'" : origins.join(' ')}`,
    `frame-ancestors 'self' ${new URL(upstreamIssuer).origin}`,
    "base-uri 'none'",
  ].join('; ');
  return {
    kind: 'page',
    html,
    headers: { ...NO_STORE, 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  };
}
