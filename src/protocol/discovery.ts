import { DPOP_ALGORITHMS } from '../tokens/dpop.ts';
import { CONTENT_ENCRYPTION, KEY_MANAGEMENT } from '../vendors/encryption-keys.ts';
import { SCOPE_CLAIMS } from '../tokens/released-names.ts';
import { CLIENT_MAC_ALGORITHMS, CLIENT_SIGNING_ALGORITHMS } from '../vendors/client-keys.ts';
import { RESPONSE_TYPES } from '../vendors/response-types.ts';
import type { Endpoint } from './message.ts';
import { publicJson } from './message.ts';
import type { Offered } from './offered.ts';
import { RESPONSE_MODES } from './response-mode.ts';

/** What the discovery document depends on. */
export interface DiscoveryParts {
  readonly issuer: string;
  readonly signingAlgorithms: readonly string[];
  /** What the upstream makes possible at this moment. */
  readonly offered: () => Offered;
  /** Whether vendors can register clients at this moment. */
  readonly isOpen: () => boolean;
}

/** The methods with a credential. */
const AUTHENTICATION_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
] as const;

/** RFC 9864 2.2: EdDSA over Ed25519 under both of its names. */
const CLIENT_ALGORITHMS = [...CLIENT_SIGNING_ALGORITHMS, 'Ed25519'];
const ASSERTION_ALGORITHMS = [...CLIENT_ALGORITHMS, ...CLIENT_MAC_ALGORITHMS];

/** What some client can get: the protocol's claims, and by its release policy those of Core 5.1. */
const CLAIMS = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash'],
  ...['auth_time', 'sid', 'acr', 'amr'],
  ...[...SCOPE_CLAIMS.values()].flat(),
];

/** Seconds for which the document may be kept. */
const MAX_AGE = 300;

/**
 * Our own discovery document (OpenID Connect Discovery 3, RFC 8414 2): what the
 * proxy itself can do, whatever the upstream says of itself.
 */
function discoveryDocument(parts: DiscoveryParts): Readonly<Record<string, unknown>> {
  const { issuer } = parts;
  const offered = parts.offered();
  return {
    issuer,
    authorization_endpoint: `${issuer}/oidc/authorize`,
    token_endpoint: `${issuer}/oidc/token`,
    userinfo_endpoint: `${issuer}/oidc/userinfo`,
    jwks_uri: `${issuer}/oidc/jwks`,
    response_types_supported: RESPONSE_TYPES,
    response_modes_supported: RESPONSE_MODES,
    authorization_signing_alg_values_supported: parts.signingAlgorithms,
    authorization_encryption_alg_values_supported: KEY_MANAGEMENT,
    authorization_encryption_enc_values_supported: CONTENT_ENCRYPTION,
    grant_types_supported: [
      'authorization_code',
      'implicit',
      'refresh_token',
      'client_credentials',
      ...offered.grantTypes,
    ],
    subject_types_supported: ['pairwise', 'public'],
    id_token_signing_alg_values_supported: parts.signingAlgorithms,
    id_token_encryption_alg_values_supported: KEY_MANAGEMENT,
    id_token_encryption_enc_values_supported: CONTENT_ENCRYPTION,
    userinfo_signing_alg_values_supported: parts.signingAlgorithms,
    userinfo_encryption_alg_values_supported: KEY_MANAGEMENT,
    userinfo_encryption_enc_values_supported: CONTENT_ENCRYPTION,
    token_endpoint_auth_methods_supported: [...AUTHENTICATION_METHODS, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    pushed_authorization_request_endpoint: `${issuer}/oidc/par`,
    require_pushed_authorization_requests: false,
    request_object_signing_alg_values_supported: CLIENT_ALGORITHMS,
    introspection_endpoint: `${issuer}/oidc/introspect`,
    introspection_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_signing_alg_values_supported: parts.signingAlgorithms,
    introspection_encryption_alg_values_supported: KEY_MANAGEMENT,
    introspection_encryption_enc_values_supported: CONTENT_ENCRYPTION,
    revocation_endpoint: `${issuer}/oidc/revoke`,
    revocation_endpoint_auth_methods_supported: [...AUTHENTICATION_METHODS, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    scopes_supported: ['openid', ...SCOPE_CLAIMS.keys(), 'offline_access'],
    claims_supported: CLAIMS,
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    ...(parts.isOpen() && { registration_endpoint: `${issuer}/oidc/register` }),
    ...offered.members,
  };
}

/** Serves the document. */
export function discoveryEndpoint(parts: DiscoveryParts): Endpoint {
  return () => Promise.resolve(publicJson(discoveryDocument(parts), MAX_AGE));
}
