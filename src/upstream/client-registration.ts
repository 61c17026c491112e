import { Refusal } from '../errors.ts';
import type { Exchange, UpstreamResponse } from './exchange.ts';
import { jsonObject } from './json.ts';
import { reachedAt } from './reach.ts';
import type { UpstreamAddress } from './reach.ts';

/** What the proxy registers clients at the upstream with. */
export interface RegistrationAtUpstream {
  readonly exchange: Exchange;
  readonly address: UpstreamAddress;
  /** Where it takes registrations. */
  readonly endpoint: URL;
  /** RFC 7591 3; undefined: it asks for none. */
  readonly initialToken: string | undefined;
}

/** A client as the upstream answered with it (RFC 7591 3.2.1), of its answer nothing else. */
export interface ClientAtUpstream {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Undefined where it cannot be managed there afterwards (RFC 7592 3). */
  readonly management: { readonly uri: string; readonly token: string } | undefined;
}

/** Client metadata under its names in RFC 7591. */
export type ClientMetadataSent = Readonly<Record<string, unknown>>;

/**
 * Registers a client (RFC 7591 3.1). Undefined: the upstream does not let the proxy.
 *
 * @throws Refusal of the exchange; `upstream_registration_refused` where it does not accept
 *   the metadata, `upstream_status` or `upstream_malformed` where its answer is of no use.
 */
export async function registerAtUpstream(
  at: RegistrationAtUpstream,
  metadata: ClientMetadataSent,
): Promise<ClientAtUpstream | undefined> {
  const { exchange, endpoint, initialToken } = at;
  const response = await exchange({
    ...{ method: 'POST', url: endpoint, accept: ['application/json'], json: metadata },
    ...(initialToken !== undefined && { headers: { authorization: `Bearer ${initialToken}` } }),
  });
  if (response.status === 401 || response.status === 403) return undefined;
  return clientIn(accepted(response), at, undefined);
}

/**
 * Replaces the metadata of a client (RFC 7592 2.2).
 *
 * @throws Refusal as {@link registerAtUpstream}
 */
export async function updateAtUpstream(
  at: RegistrationAtUpstream,
  client: ClientAtUpstream & { readonly management: object },
  metadata: ClientMetadataSent,
): Promise<ClientAtUpstream> {
  const { clientId, clientSecret, management } = client;
  const response = await at.exchange({
    ...{ method: 'PUT', url: new URL(management.uri), accept: ['application/json'] },
    headers: { authorization: `Bearer ${management.token}` },
    json: { ...metadata, client_id: clientId, client_secret: clientSecret },
  });
  return clientIn(accepted(response), at, client);
}

/**
 * Removes a client (RFC 7592 2.3); one that is gone is as good as removed.
 *
 * @throws Refusal of the exchange, or `upstream_status`
 */
export async function removeAtUpstream(
  exchange: Exchange,
  management: NonNullable<ClientAtUpstream['management']>,
): Promise<void> {
  const { status } = await exchange({
    ...{ method: 'DELETE', url: new URL(management.uri), accept: ['application/json'] },
    headers: { authorization: `Bearer ${management.token}` },
  });
  // RFC 7592 2.3: 401 where the client or its token is not known (any more).
  if (![200, 204, 401, 404].includes(status)) throw new Refusal('upstream_status', `${status}`);
}

function accepted(response: UpstreamResponse): Record<string, unknown> {
  const { status } = response;
  if (status === 200 || status === 201) return jsonObject(response);
  if (status !== 400) throw new Refusal('upstream_status', `registration: status ${status}`);
  const error: unknown = jsonObject(response)['error'];
  const code = typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? error : 'no error code';
  throw new Refusal('upstream_registration_refused', code);
}

function clientIn(
  answer: Readonly<Record<string, unknown>>,
  { address, endpoint }: RegistrationAtUpstream,
  before: ClientAtUpstream | undefined,
): ClientAtUpstream {
  const given = (name: string): string | undefined => {
    const value = answer[name];
    return typeof value === 'string' && value !== '' && value.length <= 2000 ? value : undefined;
  };
  const clientId = given('client_id');
  const clientSecret = given('client_secret') ?? before?.clientSecret;
  if (clientId === undefined || clientSecret === undefined) {
    throw new Refusal('upstream_malformed', 'registration: no client_id or no client_secret');
  }
  if (before !== undefined && clientId !== before.clientId) {
    throw new Refusal('upstream_malformed', 'registration: another client_id');
  }
  const advertised = URL.parse(given('registration_client_uri') ?? '');
  const reached = advertised === null ? undefined : reachedAt(address, advertised);
  // A token of ours goes to the upstream and to nobody whom an answer names.
  const uri = reached?.origin === endpoint.origin ? reached.href : before?.management?.uri;
  const token = given('registration_access_token') ?? before?.management?.token;
  const management = uri === undefined || token === undefined ? undefined : { uri, token };
  return { clientId, clientSecret, management };
}
