import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { Cookies } from './fetching.ts';
import { ok, type Finding } from './finding.ts';
import type { ScratchProxy } from './scratch-proxy.ts';

/** Flows and methods that vendors ask about, by the names of our discovery document. */
const ASKED_ABOUT = {
  response_types_supported: ['code', 'id_token', 'code id_token', 'token', 'none'],
  grant_types_supported: [
    'authorization_code',
    'refresh_token',
    'client_credentials',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ],
  token_endpoint_auth_methods_supported: [
    'client_secret_basic',
    'client_secret_post',
    'none',
    'private_key_jwt',
    'client_secret_jwt',
    'tls_client_auth',
  ],
} as const;

/** Why something of that does not work; what is not here needs an upstream that has it. */
const WHY: Readonly<Record<string, string>> = {
  token: 'says nobody whom it was issued to (RFC 9700 2.1.2)',
  tls_client_auth: 'the proxy asks for no certificates of clients',
};
const NOT_THERE = 'the upstream does not list it';

/** What will work for vendors and what will not, by what this proxy says of itself. */
export async function summaryFindings(
  proxy: ScratchProxy,
  config: Config,
  metadata: UpstreamMetadata,
  upstreamGrants: readonly string[] | undefined,
): Promise<readonly Finding[]> {
  const url = new URL(`${config.issuer}/.well-known/openid-configuration`);
  const document = JSON.parse((await proxy.open(url, new Cookies())).body) as object;
  const findings = Object.entries(ASKED_ABOUT).map(([member, names]) => {
    const offered = (Reflect.get(document, member) as readonly string[] | undefined) ?? [];
    const lacking = names.filter((name) => !offered.includes(name));
    const what = member.replace('_supported', '').replaceAll('_', ' ');
    const reasons = lacking.map((name) => `${name} (${WHY[name] ?? NOT_THERE})`);
    const not = reasons.length === 0 ? '' : `; ${reasons.join(', ')} will not`;
    return ok('summary', `${what}: ${offered.join(', ')} will work${not}.`);
  });
  return [...findings, refreshing(metadata, upstreamGrants)];
}

function refreshing(
  { scopes_supported: scopes }: UpstreamMetadata,
  grants: readonly string[] | undefined,
): Finding {
  const offered = grants?.includes('refresh_token') ?? scopes?.includes('offline_access') ?? false;
  const text = offered
    ? 'refresh tokens: the upstream gives them; vendors get ours in their place.'
    : 'refresh tokens: the upstream does not list them; vendors get them only where it gives them all the same.';
  return ok('summary', text);
}
