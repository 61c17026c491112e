import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import { warning, type Finding } from './finding.ts';

/**
 * Upstream clients whose logout addresses may still be the vendor's: the upstream would name
 * user and session to it. What is registered there cannot be read from here, so this goes by
 * what the upstream can do and by what the vendor expects.
 */
export function logoutFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const { backchannel_logout_uri: back, frontchannel_logout_uri: front } = client.metadata;
  const open = [
    ...(metadata.backchannel_logout_supported && back !== undefined
      ? ['backchannel_logout_uri to /oidc/backchannel-logout']
      : []),
    ...(metadata.frontchannel_logout_supported && front !== undefined
      ? ['frontchannel_logout_uri to /oidc/frontchannel-logout']
      : []),
  ];
  if (open.length === 0) return [];
  const named = upstreamClientId(client);
  const message = `The logout addresses of the upstream client "${named}" cannot be read from here; where they are still the vendor's, it learns user and session from the upstream.`;
  const hint = `Make sure that "${named}" has, at the upstream, ${open.join(' and ')} under the proxy's issuer.`;
  return [warning('logout_addresses', message, hint, client.clientId)];
}
