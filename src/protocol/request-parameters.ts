import { Refusal, orRefuse } from '../errors.ts';
import type { ClientKeys } from '../outbound/client-keys.ts';
import { verifyRequestObject } from '../tokens/request-object.ts';
import type { Client } from '../vendors/client.ts';
import { withFreshKeys } from './fresh-keys.ts';
import type { PushedRequests } from './pushed-requests.ts';

/** What finding the parameters of an authorization request takes. */
export interface RequestParts {
  readonly issuer: string;
  readonly clientKeys: ClientKeys;
  readonly pushed: PushedRequests;
  readonly clock: () => Date;
}

/**
 * The parameters of an authorization request that a browser brought: as they
 * stand, or signed (RFC 9101), or pushed before (RFC 9126). Where they are
 * signed or pushed, what else the browser brought does not count.
 *
 * @throws Refusal `pushed_request_required`, `request_uri_unsupported`, `request_uri_invalid`,
 *   and those of {@link signedParameters}
 */
export async function requestedParameters(
  parts: RequestParts,
  client: Client,
  parameters: URLSearchParams,
): Promise<URLSearchParams> {
  const requestUri = parameters.get('request_uri');
  if (requestUri !== null) {
    if (parameters.has('request')) throw new Refusal('request_malformed', 'request beside its URI');
    return parts.pushed.take(client, requestUri, parts.clock());
  }
  if (client.metadata.require_pushed_authorization_requests === true) {
    throw new Refusal('pushed_request_required');
  }
  return signedParameters(parts, client, parameters);
}

/**
 * The parameters inside a signed request object, or the ones beside it where
 * there is none. RFC 9101 5: those inside alone count.
 *
 * @throws Refusal `request_object_required`, `request_object_unsupported`, `request_object_invalid`,
 *   `client_keys_unavailable`
 */
export async function signedParameters(
  parts: Pick<RequestParts, 'issuer' | 'clientKeys' | 'clock'>,
  client: Client,
  parameters: URLSearchParams,
): Promise<URLSearchParams> {
  const { metadata, clientId } = client;
  const requestObject = parameters.get('request');
  if (requestObject === null) {
    if (metadata.require_signed_request_object === true) {
      throw new Refusal('request_object_required');
    }
    return parameters;
  }
  if (metadata.jwks === undefined && metadata.jwks_uri === undefined) {
    throw new Refusal('request_object_unsupported', 'the client has registered no keys');
  }
  const verify = async () =>
    verifyRequestObject(requestObject, {
      ...{ clientId, issuer: parts.issuer },
      keys: await parts.clientKeys.keys(client),
      algorithm: metadata.request_object_signing_alg,
      now: parts.clock(),
    });
  const refetch = (): Promise<boolean> => parts.clientKeys.refetch(client);
  const verified = await withFreshKeys(verify, 'client_assertion_key_unknown', refetch);
  if (!verified.ok && verified.reason === 'client_assertion_key_unknown') {
    throw new Refusal('request_object_invalid', verified.detail);
  }
  return orRefuse(verified);
}
