import type { InternalApi } from '../config/types.ts';
import { Refusal, orRefuse } from '../errors.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { ApiMethod } from '../upstream/internal-api.ts';
import { apiAddress, askInternalApi, holdsEndpoint } from '../upstream/internal-api.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { presentedAccessToken } from './access-token-header.ts';
import type { AccessToken, AccessTokenParts } from './access-token.ts';
import { openAccessToken } from './access-token.ts';
import type { DpopParts } from './dpop.ts';
import { requireBinding } from './dpop.ts';
import type { Endpoint, ProtocolRequest } from './message.ts';
import { NO_STORE } from './message.ts';
import type { StandingGrants } from './standing.ts';
import { standingClient, TOKEN_FALLEN } from './standing.ts';

/** Under `ISSUER`; the name of an API follows. */
const FOLDER = '/oidc/api/';

/** What the route to internal APIs works with. */
export interface InternalApiParts extends AccessTokenParts {
  readonly apis: readonly InternalApi[];
  /** A pool of its own: a slow API must not keep logins waiting. */
  readonly exchange: Exchange;
  readonly upstream: { metadata(): UpstreamMetadata };
  readonly dpop: DpopParts;
  readonly registry: StandingGrants;
}

/**
 * The way to internal APIs that know only the upstream's access tokens (decision
 * 17): an access token of ours is exchanged for the upstream's own that it seals.
 * Only to APIs and for clients that an operator named.
 */
export function internalApiEndpoint(parts: InternalApiParts): Endpoint {
  return async (request) => {
    if (parts.apis.length === 0) throw new Refusal('not_found', 'INTERNAL_APIS is not set');
    const place = placeOf(parts.issuer, request);
    const presented = presentedAccessToken(request);
    const token = orRefuse(await openAccessToken(parts, presented.token));
    const holder = standingHolder(parts, token);
    request.identified(holder);
    await requireBinding(parts.dpop, request, {
      ...{ presented, jkt: token.grant.jkt, client: holder, path: place.path },
    });
    const stillAllowed = () =>
      allowedApi(parts, token, standingHolder(parts, token), place.name).address;
    const url = apiAddress(stillAllowed(), place.rest);
    const body = await payloadOf(request);
    // Vendor and API may each have taken their time: what holds now decides.
    stillAllowed();
    const answer = await askInternalApi({
      ...{ exchange: parts.exchange, url, body, accessToken: token.upstreamToken },
      method: request.method as ApiMethod,
      headers: request.headers,
    });
    if (answer.kind === 'refused') throw new Refusal('token_invalid', 'refused by the API');
    stillAllowed();
    return {
      ...{ kind: 'passed', status: answer.status, body: answer.body },
      headers: { ...answer.headers, ...NO_STORE },
    };
  };
}

/** The name of an API, and what is asked of it, as the request spells it. */
interface Place {
  readonly name: string;
  /** Under `ISSUER`, without the query (RFC 9449 4.3). */
  readonly path: string;
  readonly rest: string;
}

function placeOf(issuer: string, { target }: ProtocolRequest): Place {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  // Also kept out: the absolute form, which names another host beside ours (RFC 9112 3.2.2).
  if (!target.startsWith(`${base}${FOLDER}`)) throw new Refusal('not_found', 'no API is named');
  const path = target.slice(base.length);
  const [, name = '', rest = ''] =
    /^([a-z0-9-]+)((?:[/?].*)?)$/.exec(path.slice(FOLDER.length)) ?? [];
  if (name === '') throw new Refusal('not_found', 'no API is named');
  if (new URLSearchParams(path.split('?')[1]).has('access_token')) {
    throw new Refusal('request_malformed', 'an access token in the query');
  }
  return { name, path: path.replace(/\?.*$/, ''), rest };
}

function standingHolder(parts: InternalApiParts, token: AccessToken): Client {
  if (token.expiresAt.getTime() <= parts.clock().getTime()) throw new Refusal('token_expired');
  if (token.kind === 'user') {
    return standingClient(token.grant, parts.registry, parts.clock(), TOKEN_FALLEN);
  }
  const client = parts.registry.find(token.grant.clientId);
  if (client === undefined) throw new Refusal('token_invalid', 'the client is gone');
  if (token.grant.change < client.notBefore) throw new Refusal('token_invalid', 'ended');
  return client;
}

/** One refusal for what is not there and what is not allowed: the names of APIs are not told. */
function allowedApi(
  parts: InternalApiParts,
  token: AccessToken,
  client: Client,
  name: string,
): InternalApi {
  const refused = (detail: string) => new Refusal('api_not_allowed', `${name}: ${detail}`);
  if (client.metadata.internal_apis?.includes(name) !== true) {
    throw refused(`not in internal_apis of ${client.clientId}`);
  }
  const api = parts.apis.find((candidate) => candidate.name === name);
  if (api === undefined) throw refused('not in INTERNAL_APIS');
  // RFC 9068 4: a JWT says whom it is for.
  if (token.audience?.includes(`${parts.issuer}${FOLDER}${name}`) === false) {
    throw refused('not in the audience of the token');
  }
  if (holdsEndpoint(api.address, parts.upstream.metadata())) {
    throw refused('an endpoint of the identity provider lies there');
  }
  return api;
}

async function payloadOf(request: ProtocolRequest): Promise<Uint8Array> {
  const payload = await request.payload();
  if (payload.length > 0 && request.method === 'GET') {
    throw new Refusal('request_malformed', 'a GET with a body');
  }
  return payload;
}
