import type { FrontChannel } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import type { StoredClient } from '../vendors/client-store.ts';
import { isResourceServerOnly } from '../vendors/resource-server.ts';
import { canBypass } from '../vendors/rules.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import { grantFindings } from './grants.ts';
import { logoutFindings } from './logout.ts';

/** What the registration of a client says, without asking anybody. */
export function clientFindings(
  stored: StoredClient,
  all: readonly StoredClient[],
  metadata: UpstreamMetadata | undefined,
  frontChannel: FrontChannel,
): readonly Finding[] {
  return [
    sectorFinding(stored.client, all),
    bypassFinding(stored),
    ...(metadata === undefined ? [] : authenticationFindings(stored.client, metadata)),
    ...(metadata === undefined ? [] : grantFindings(stored.client, metadata)),
    ...(metadata === undefined ? [] : scopeFindings(stored.client, metadata)),
    ...(metadata === undefined ? [] : logoutFindings(stored.client, metadata, frontChannel)),
    ...forwardedFindings(stored.client),
  ];
}

function sectorFinding(client: Client, all: readonly StoredClient[]): Finding {
  const { clientId, sector, metadata } = client;
  const others = all
    .filter((other) => other.client.sector === sector && other.client.clientId !== clientId)
    .map((other) => other.client.clientId);
  const shared = others.length === 0 ? '' : `, shared with ${others.join(', ')}`;
  const uris = metadata.redirect_uris.join(', ');
  const ways = uris === '' ? 'no redirect URIs' : `redirect URIs ${uris}`;
  return ok('sector', `Sector ${sector}${shared}; ${ways}.`, clientId);
}

function bypassFinding({ client, acceptBypassAt }: StoredClient): Finding {
  const { clientId, upstream } = client;
  const phase = client.phases.at(-1)?.phase ?? 'pairwise';
  if (!canBypass(client)) {
    const message = 'Its vendor holds no credential that the upstream would accept.';
    return ok('bypass', message, clientId);
  }
  const held =
    upstream === undefined
      ? 'forwarded: the vendor holds the upstream credential'
      : upstream.clientSecret === undefined
        ? 'its upstream client has no secret and no key'
        : 'its upstream secret is the one that the vendor holds';
  const accepted =
    acceptBypassAt === undefined ? '' : ` Accepted since ${acceptBypassAt.toISOString()}.`;
  const message = `It can go round the proxy and read the original subject (${held}; phase ${phase}).${accepted}`;
  const hint =
    'Close the way: give it "upstream" with a secret that the vendor never had, and change the secret that the vendor has.';
  return warning('bypass', message, hint, clientId);
}

/** Whether proxy and upstream agree on a way to authenticate for this client. */
function authenticationFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const offered = metadata.token_endpoint_auth_methods_supported;
  const registered = client.upstream?.authenticationMethod;
  const withSecret =
    client.upstream === undefined
      ? client.metadata.token_endpoint_auth_method !== 'none'
      : client.upstream.clientSecret !== undefined;
  const either = withSecret ? ['client_secret_basic', 'client_secret_post'] : ['none'];
  const usable = registered === undefined ? either : [registered];
  if (usable.some((method) => offered.includes(method))) return [];
  const message = `It would authenticate upstream by ${usable.join(' or ')}; the upstream lists ${offered.join(', ')}.`;
  const withCredential = withSecret || registered === 'private_key_jwt';
  const hint = withCredential
    ? `Allow ${usable.join(' or ')} for this client at the upstream.`
    : 'Give the client a secret at the upstream, or try a login: many upstreams take more than they list.';
  const finding = withCredential ? problem : warning;
  return [finding('upstream_authentication', message, hint, client.clientId)];
}

/** What a forwarded client asks for and cannot have, since only the upstream could judge its credential. */
function forwardedFindings(client: Client): readonly Finding[] {
  if (client.upstream !== undefined || isResourceServerOnly(client)) return [];
  const { clientId, metadata } = client;
  const lacking = metadata.response_types.filter((type) => /\b(id_token|token)\b/.test(type));
  const parts = [
    'It is forwarded, so it cannot push its requests or sign what it authenticates with.',
  ];
  if (lacking.length > 0) parts.push(`It gets no answer of the type ${lacking.join(', ')}.`);
  const hint = 'Give it "upstream": then the proxy itself judges it, and all of this works.';
  if (lacking.length === 0) return [ok('forwarded', parts.join(' '), clientId)];
  return [warning('forwarded', parts.join(' '), hint, clientId)];
}

function scopeFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const offered = metadata.scopes_supported;
  const missing = client.metadata.scope
    .split(' ')
    .filter((scope) => offered !== undefined && !offered.includes(scope));
  if (missing.length === 0) return [];
  const message = `It may ask for scopes that the upstream does not list: ${missing.join(', ')}.`;
  const hint = 'If the upstream refuses them, take them out of its scope.';
  return [warning('scopes', message, hint, client.clientId)];
}
