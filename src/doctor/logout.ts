import type { FrontChannel } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { isResourceServerOnly } from '../vendors/resource-server.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { warning, type Finding } from './finding.ts';

/** The ways in which an upstream tells of logouts, and where it has to tell us. */
const WAYS = [
  {
    member: 'backchannel_logout_uri',
    supported: 'backchannel_logout_supported',
    ours: '/oidc/backchannel-logout',
  },
  {
    member: 'frontchannel_logout_uri',
    supported: 'frontchannel_logout_supported',
    ours: '/oidc/frontchannel-logout',
  },
] as const;

/** What a client's logouts leave to be done at the upstream, and what they cannot do. */
export function logoutFindings(
  client: Client,
  metadata: UpstreamMetadata,
  frontChannel: FrontChannel,
): readonly Finding[] {
  if (isResourceServerOnly(client)) return [];
  return [
    ...addressFindings(client, metadata),
    ...unheardFindings(client, metadata),
    ...questionFindings(client, metadata, frontChannel),
  ];
}

/**
 * Upstream clients whose logout addresses may still be the vendor's: the upstream would name
 * user and session to it. What is registered there cannot be read from here, so this goes by
 * what the upstream can do, by what the vendor expects, and by whose client it was: one that
 * the vendor used itself has kept whatever the vendor had registered.
 */
function addressFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const named = upstreamClientId(client);
  const wasVendors = named === client.clientId;
  const open = WAYS.filter(
    ({ member, supported }) =>
      metadata[supported] && (wasVendors || client.metadata[member] !== undefined),
  ).map(({ member, ours }) => `${member} to ${ours}`);
  if (open.length === 0) return [];
  const whose = wasVendors ? ', which the vendor used itself,' : '';
  const message = `The logout addresses of the upstream client "${named}"${whose} cannot be read from here; where they are still the vendor's, it learns user and session from the upstream.`;
  const hint = `Make sure that "${named}" has, at the upstream, ${open.join(' and ')} under the proxy's issuer, or none.`;
  return [warning('logout_addresses', message, hint, client.clientId)];
}

/** A vendor that waits to be told what nobody tells us. */
function unheardFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const unheard = WAYS.filter(
    ({ member, supported }) => !metadata[supported] && client.metadata[member] !== undefined,
  ).map(({ member }) => member);
  if (unheard.length === 0) return [];
  const message = `The upstream tells of no logouts in that way, so nobody is ever told at its ${unheard.join(' and ')}.`;
  const hint = 'Let the upstream offer it in its discovery document, or tell the vendor.';
  return [warning('logout_unheard', message, hint, client.clientId)];
}

/** Without a token of the upstream's, which no browser may see, the upstream asks before it ends a session. */
function questionFindings(
  client: Client,
  { reached }: UpstreamMetadata,
  frontChannel: FrontChannel,
): readonly Finding[] {
  const isAsked =
    (client.frontChannel ?? frontChannel) === 'callback' &&
    reached.end_session_endpoint !== undefined &&
    client.metadata.post_logout_redirect_uris.length > 0;
  if (!isAsked) return [];
  const message =
    'Its front channel is callback, so the upstream asks the user at each logout: no ID token of the upstream reaches a browser that could vouch for the user there.';
  const hint =
    'Leave it so, or give the client front_channel: relay, which adds the token on the way.';
  return [warning('logout_question', message, hint, client.clientId)];
}
