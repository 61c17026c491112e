import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../errors.ts';
import type { Client } from '../vendors/client.ts';
import {
  REPEATABLE,
  readAnswerPlace,
  readAuthorizationRequest,
  refuseImpossible,
} from './authorization-request.ts';
import { authenticateClient } from './client-authentication.ts';
import type { ClientAuthenticationParts } from './client-authentication.ts';
import { AT_CLIENT_ENDPOINT, provenKey } from './dpop.ts';
import type { DpopParts } from './dpop.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { duplicatedNames, optional, refuseDuplicates } from './parameters.ts';
import type { RequestParts } from './request-parameters.ts';
import { signedParameters } from './request-parameters.ts';

/** What the pushed authorization request endpoint works with. */
export interface PushedRequestParts extends RequestParts {
  readonly authentication: ClientAuthenticationParts;
  readonly dpop: DpopParts;
  /** How many requests of public clients, whom nobody vouches for, an address may have kept. */
  readonly unauthenticated: RateLimiterMemory;
}

/** How a client authenticates is no part of what it asks for. */
const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type'] as const;

/** The pushed authorization request endpoint (RFC 9126 2). */
export function pushedRequestEndpoint(parts: PushedRequestParts): Endpoint {
  return async (request) => {
    refuseDuplicates(request.form, REPEATABLE);
    const { client, forwarded } = await authenticateClient(parts.authentication, request, 'par');
    if (forwarded) throw new Refusal('client_cannot_push', 'only the upstream could judge it');
    if (request.form.has('request_uri')) {
      throw new Refusal('request_malformed', 'a request_uri cannot be pushed (RFC 9126 2.1)');
    }
    const sent = new URLSearchParams(request.form);
    for (const name of CREDENTIALS) sent.delete(name);
    const parameters = await signedParameters(parts, client, sent);
    parameters.set('client_id', client.clientId);
    await bindToKey(parts.dpop, request, client, parameters);
    const duplicated = duplicatedNames(parameters, REPEATABLE);
    readAnswerPlace(client, parameters, duplicated);
    const { responseType } = readAuthorizationRequest(client, parameters);
    refuseImpossible(client, { responseType, notice: undefined });
    if (client.metadata.token_endpoint_auth_method === 'none') {
      await count(parts.unauthenticated, request.remoteAddress);
    }
    const { requestUri, expiresIn } = await parts.pushed.keep(client, parameters, parts.clock());
    return created({ request_uri: requestUri, expires_in: expiresIn });
  };
}

/** RFC 9449 10.1: a proof binds the code as `dpop_jkt` does, and must not contradict it. */
async function bindToKey(
  parts: DpopParts,
  request: ProtocolRequest,
  client: Client,
  parameters: URLSearchParams,
): Promise<void> {
  const place = { path: '/oidc/par', accessToken: undefined, reasons: AT_CLIENT_ENDPOINT };
  const jkt = await provenKey(parts, request, client, place);
  if (jkt === undefined) return;
  const named = optional(parameters, 'dpop_jkt');
  if (named !== undefined && named !== jkt) {
    throw new Refusal('dpop_proof_invalid', 'dpop_jkt is of another key');
  }
  parameters.set('dpop_jkt', jkt);
}

async function count(limit: RateLimiterMemory, remoteAddress: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(remoteAddress);
  if (consumedPoints > limit.points) throw new Refusal('logins_throttled');
}

/** RFC 9126 2.2. */
function created(body: Readonly<Record<string, unknown>>): ProtocolResponse {
  return { kind: 'json', status: 201, body, headers: NO_STORE };
}
