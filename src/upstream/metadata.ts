import { z } from 'zod';

import { Refusal } from '../errors.ts';
import { SIGNATURE_ALGORITHM_NAMES } from '../tokens/algorithms.ts';
import { reachedAt } from './reach.ts';
import type { UpstreamAddress } from './reach.ts';

const REQUIRED_ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;
const OPTIONAL_ENDPOINTS = [
  'userinfo_endpoint',
  'end_session_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'registration_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'backchannel_authentication_endpoint',
  'check_session_iframe',
] as const;

type RequiredEndpoint = (typeof REQUIRED_ENDPOINTS)[number];
type OptionalEndpoint = (typeof OPTIONAL_ENDPOINTS)[number];

/** Endpoint addresses by their name in the document. */
type Endpoints<T> = Readonly<Record<RequiredEndpoint, T>> &
  Readonly<Partial<Record<OptionalEndpoint, T>>>;

/**
 * What the proxy uses of the upstream's discovery document (OpenID Connect
 * Discovery 3, RFC 8414 2), under the document's names, defaults filled in.
 */
export interface UpstreamMetadata {
  /** As configured, to the letter. */
  readonly issuer: string;
  /** Addresses as the upstream gives them. */
  readonly advertised: Endpoints<string>;
  /** Where each is really reached, by ourselves and by the relay. */
  readonly reached: Endpoints<URL>;
  /** Those the proxy accepts too; never empty. */
  readonly id_token_signing_alg_values_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  /** Undefined where the upstream does not say. */
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[] | undefined;
  readonly code_challenge_methods_supported: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly grant_types_supported: readonly string[];
  /** CIBA 4. */
  readonly backchannel_token_delivery_modes_supported: readonly string[];
  /** Undefined where the upstream does not say. */
  readonly scopes_supported: readonly string[] | undefined;
  readonly claims_supported: readonly string[] | undefined;
  /** OpenID Connect Back-Channel Logout 2.1, Front-Channel Logout 3. */
  readonly backchannel_logout_supported: boolean;
  readonly frontchannel_logout_supported: boolean;
  /** RFC 9207: authorization responses carry `iss`. */
  readonly authorization_response_iss_parameter_supported: boolean;
}

/** A broken list that nothing hangs on counts as not given. */
const list = z.array(z.string()).optional().catch(undefined);

const DOCUMENT = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  ...(Object.fromEntries(OPTIONAL_ENDPOINTS.map((name) => [name, z.string().nullish()])) as Record<
    OptionalEndpoint,
    z.ZodOptional<z.ZodNullable<z.ZodString>>
  >),
  id_token_signing_alg_values_supported: list,
  token_endpoint_auth_methods_supported: list,
  token_endpoint_auth_signing_alg_values_supported: list,
  code_challenge_methods_supported: list,
  response_types_supported: list,
  subject_types_supported: list,
  grant_types_supported: list,
  backchannel_token_delivery_modes_supported: list,
  scopes_supported: list,
  claims_supported: list,
  backchannel_logout_supported: z.boolean().optional().catch(undefined),
  frontchannel_logout_supported: z.boolean().optional().catch(undefined),
  authorization_response_iss_parameter_supported: z.boolean().optional().catch(undefined),
});

/**
 * Reads a discovery document.
 *
 * @throws Refusal `upstream_metadata`: a required member is missing or wrong,
 *   the issuer is another, or no signing algorithm is acceptable.
 */
export function parseMetadata(
  document: Readonly<Record<string, unknown>>,
  address: UpstreamAddress,
): UpstreamMetadata {
  const parsed = DOCUMENT.safeParse(document);
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
    throw metadataRefusal(`missing or not text: ${[...names].join(', ')}`);
  }
  const { data } = parsed;
  // OpenID Connect Discovery 4.3: exactly, so that no other spelling of the name slips in.
  if (data.issuer !== address.issuer) {
    throw metadataRefusal('issuer is not the configured UPSTREAM_ISSUER to the letter');
  }
  const offered = data.id_token_signing_alg_values_supported ?? ['RS256'];
  const algorithms = SIGNATURE_ALGORITHM_NAMES.filter((name) => offered.includes(name));
  if (algorithms.length === 0) {
    throw metadataRefusal(
      `id_token_signing_alg_values_supported has none of ${SIGNATURE_ALGORITHM_NAMES.join(', ')}`,
    );
  }
  return {
    issuer: data.issuer,
    backchannel_logout_supported: data.backchannel_logout_supported === true,
    frontchannel_logout_supported: data.frontchannel_logout_supported === true,
    ...endpoints(data, address),
    id_token_signing_alg_values_supported: algorithms,
    token_endpoint_auth_methods_supported: data.token_endpoint_auth_methods_supported ?? [
      'client_secret_basic',
    ],
    token_endpoint_auth_signing_alg_values_supported:
      data.token_endpoint_auth_signing_alg_values_supported,
    code_challenge_methods_supported: data.code_challenge_methods_supported ?? [],
    response_types_supported: data.response_types_supported ?? ['code'],
    subject_types_supported: data.subject_types_supported ?? ['public'],
    grant_types_supported: data.grant_types_supported ?? ['authorization_code', 'implicit'],
    backchannel_token_delivery_modes_supported:
      data.backchannel_token_delivery_modes_supported ?? [],
    scopes_supported: data.scopes_supported,
    claims_supported: data.claims_supported,
    authorization_response_iss_parameter_supported:
      data.authorization_response_iss_parameter_supported ?? false,
  };
}

function endpoints(
  document: z.infer<typeof DOCUMENT>,
  address: UpstreamAddress,
): Pick<UpstreamMetadata, 'advertised' | 'reached'> {
  const advertised: Partial<Record<RequiredEndpoint | OptionalEndpoint, string>> = {};
  const reached: Partial<Record<RequiredEndpoint | OptionalEndpoint, URL>> = {};
  for (const name of [...REQUIRED_ENDPOINTS, ...OPTIONAL_ENDPOINTS]) {
    const value = document[name];
    if (value === undefined || value === null || value === '') continue;
    reached[name] = reachedAt(address, endpointUrl(name, value, address));
    advertised[name] = value;
  }
  return { advertised: advertised as Endpoints<string>, reached: reached as Endpoints<URL> };
}

/** Credentials go to these addresses, so an upstream of https has no endpoint of plain http. */
function endpointUrl(name: string, value: string, address: UpstreamAddress): URL {
  const url = URL.parse(value);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    throw metadataRefusal(`${name} is not an http or https URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw metadataRefusal(`${name} carries a user name or a password`);
  }
  const secure = new URL(address.issuer).protocol === 'https:';
  if (secure && url.protocol === 'http:' && url.origin !== new URL(address.url).origin) {
    throw metadataRefusal(`${name} is plain http, the issuer https`);
  }
  return url;
}

function metadataRefusal(detail: string): Refusal {
  return new Refusal('upstream_metadata', detail);
}
