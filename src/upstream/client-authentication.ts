import { Refusal } from '../errors.ts';
import type { UpstreamMetadata } from './metadata.ts';

/** What the proxy authenticates with upstream; no secret: a public client. */
export interface UpstreamCredentials {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
}

/** The methods of OpenID Connect Core 9 that the proxy can use upstream. */
export type UpstreamAuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'none';

/** What a request carries to authenticate a client. */
export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The method that the upstream takes from this client. A client without a
 * secret uses `none`, whether or not the upstream lists it.
 *
 * @throws Refusal `upstream_client` when the upstream takes no method with a secret.
 */
export function authenticationMethod(
  metadata: Pick<UpstreamMetadata, 'token_endpoint_auth_methods_supported'>,
  { clientSecret }: UpstreamCredentials,
): UpstreamAuthenticationMethod {
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
  method: UpstreamAuthenticationMethod,
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
