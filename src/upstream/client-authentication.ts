import { Refusal } from '../errors.ts';
import type { UpstreamMetadata } from './metadata.ts';

/** The methods of OpenID Connect Core 9 that the proxy can use upstream. */
export type UpstreamAuthenticationMethod =
  'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** What an assertion towards the upstream says (RFC 7523 3), and what it may be signed with. */
export interface AssertionRequest {
  readonly clientId: string;
  readonly audience: string;
  /** What the upstream lists; undefined: nothing. */
  readonly algorithms: readonly string[] | undefined;
}

/** Signs an assertion with a key of the proxy's own. */
export type SignAssertion = (request: AssertionRequest) => Promise<string>;

/** What the proxy authenticates with upstream; no secret and no method: a public client. */
export interface UpstreamCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** Undefined: as the upstream lists, with the secret where there is one. */
  readonly method?: UpstreamAuthenticationMethod | undefined;
  /** For `private_key_jwt`. */
  readonly signAssertion?: SignAssertion | undefined;
}

type UpstreamFacts = Pick<
  UpstreamMetadata,
  | 'advertised'
  | 'token_endpoint_auth_methods_supported'
  | 'token_endpoint_auth_signing_alg_values_supported'
>;

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * What a request to any of the upstream's endpoints carries to authenticate this client.
 *
 * @throws Refusal `upstream_client`; `key_unavailable` where no key of ours can sign
 */
export async function upstreamAuthentication(
  metadata: UpstreamFacts,
  credentials: UpstreamCredentials,
): Promise<ClientAuthentication> {
  const method = authenticationMethod(metadata, credentials);
  if (method !== 'private_key_jwt') return clientAuthentication(method, credentials);
  const { clientId, signAssertion } = credentials;
  if (signAssertion === undefined) throw new Refusal('upstream_client', `${method} needs a key`);
  const assertion = await signAssertion({
    clientId,
    // OpenID Connect Core 9: the token endpoint, also where another endpoint is asked.
    audience: metadata.advertised.token_endpoint,
    algorithms: metadata.token_endpoint_auth_signing_alg_values_supported,
  });
  const parameters = {
    client_id: clientId,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
  };
  return { headers: {}, parameters };
}

/** What a request carries to authenticate a client. */
export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The method that the upstream takes from this client: the registered one, or
 * one that the upstream lists. A client without a secret uses `none`, whether or
 * not the upstream lists it.
 *
 * @throws Refusal `upstream_client` when the upstream takes no method with a secret.
 */
export function authenticationMethod(
  metadata: Pick<UpstreamMetadata, 'token_endpoint_auth_methods_supported'>,
  { clientSecret, method }: UpstreamCredentials,
): UpstreamAuthenticationMethod {
  if (method !== undefined) return method;
  if (clientSecret === undefined) return 'none';
  const offered = metadata.token_endpoint_auth_methods_supported;
  if (offered.includes('client_secret_basic')) return 'client_secret_basic';
  if (offered.includes('client_secret_post')) return 'client_secret_post';
  throw new Refusal(
    'upstream_client',
    'the upstream takes neither client_secret_basic nor client_secret_post',
  );
}

/**
 * Client authentication by one method (RFC 6749 2.3.1).
 *
 * @throws Refusal `upstream_client` when a method with a secret has none.
 */
export function clientAuthentication(
  method: Exclude<UpstreamAuthenticationMethod, 'private_key_jwt'>,
  { clientId, clientSecret }: UpstreamCredentials,
): ClientAuthentication {
  if (method === 'none') return { headers: {}, parameters: { client_id: clientId } };
  if (clientSecret === undefined) throw new Refusal('upstream_client', `${method} needs a secret`);
  if (method === 'client_secret_post') {
    return { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret } };
  }
  const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  const authorization = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  return { headers: { authorization }, parameters: {} };
}

/** RFC 6749 2.3.1 and its appendix B: encoded as a form would, before the colon joins them. */
function formEncoded(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}
