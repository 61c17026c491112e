import { createHash } from 'node:crypto';
import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import { secretsEqual } from '../tokens/client-secret.ts';
import type { UpstreamCredentials } from '../upstream/client-authentication.ts';
import type { Client } from '../vendors/client.ts';
import { isResourceServerOnly } from '../vendors/resource-server.ts';
import type { AssertionParts, AuthenticatingEndpoint } from './client-assertion.ts';
import { judgeAssertion } from './client-assertion.ts';
import type { PresentedCredentials } from './client-credentials.ts';
import { presentedCredentials } from './client-credentials.ts';
import type { ProtocolRequest } from './message.ts';
import type { AssertionSigning } from './upstream-credentials.ts';
import { upstreamCredentialsOf } from './upstream-credentials.ts';

/** A client that may speak, and with what the proxy speaks for it upstream. */
export interface AuthenticatedClient {
  readonly client: Client;
  readonly upstream: UpstreamCredentials;
  /** Where a forwarded secret can be read in two ways: the second one. */
  readonly otherReading: UpstreamCredentials | undefined;
  /** Forwarded: the upstream judges the vendor's credential. */
  readonly forwarded: boolean;
  /** To be called when the upstream refused a forwarded credential. */
  failed(): Promise<Refusal>;
}

/** What client authentication needs. */
export interface ClientAuthenticationParts {
  readonly clients: { find(clientId: string): Client | undefined };
  readonly failures: RateLimiterMemory;
  readonly assertions: AssertionParts;
  /** What the proxy signs with towards the upstream. */
  readonly signing: AssertionSigning;
}

/**
 * Client authentication at an endpoint (RFC 6749 2.3, 3.2.1): terminated
 * here, or prepared to be forwarded. Failed attempts are counted for each client
 * and address, so that guessing is slow and nobody can lock another out.
 */
export async function authenticateClient(
  parts: ClientAuthenticationParts,
  request: ProtocolRequest,
  endpoint: AuthenticatingEndpoint,
): Promise<AuthenticatedClient> {
  const readings = presentedCredentials(request.headers['authorization'], request.form);
  const presented = readings.find((reading) => parts.clients.find(reading.clientId)) ?? readings[0];
  if (presented === undefined) throw new Refusal('client_authentication_missing');
  const client = parts.clients.find(presented.clientId);
  const attempt = attemptOf(client, request.remoteAddress);
  await refuseThrottled(parts.failures, attempt);
  const failed = (detail: string, reason: Reason = 'client_authentication_failed') =>
    countFailure(parts.failures, attempt, reason, detail);
  if (client === undefined) throw await failed('unknown client');
  request.identified(client);
  const judged = await judge(parts, client, presented, endpoint);
  if (!judged.ok) throw await failed(judged.detail ?? '', judged.reason);
  return {
    client,
    ...upstreamCredentials(client, presented, parts.signing),
    forwarded: isForwarded(client),
    failed: () => failed('refused by the upstream'),
  };
}

/** Whether the upstream judges the credential; an API without logins has nothing to do there. */
function isForwarded(client: Client): boolean {
  return client.upstream === undefined && !isResourceServerOnly(client);
}

/** What is counted, and stays in memory for a while: all made-up clients of an address as one. */
function attemptOf(client: Client | undefined, remoteAddress: string): string {
  const attempt = `${client?.clientId ?? ''}\n${remoteAddress}`;
  return createHash('sha256').update(attempt).digest('base64url');
}

/** Whether a credential is good enough; also where the upstream has to judge. */
async function judge(
  parts: ClientAuthenticationParts,
  client: Client,
  presented: PresentedCredentials,
  endpoint: AuthenticatingEndpoint,
): Promise<Result<unknown>> {
  const method = client.metadata.token_endpoint_auth_method;
  const isSigned = method === 'private_key_jwt' || method === 'client_secret_jwt';
  if (isSigned !== (presented.assertion !== undefined)) {
    return failure('client_authentication_failed', `the registered method is ${method}`);
  }
  if (presented.assertion !== undefined) {
    return judgeAssertion(parts.assertions, client, presented.assertion, endpoint);
  }
  const complaint = objection(client, presented);
  return complaint === undefined
    ? success(undefined)
    : failure('client_authentication_failed', complaint);
}

/** Why a secret is not good enough; undefined where it is, or where the upstream has to judge. */
function objection(client: Client, presented: PresentedCredentials): string | undefined {
  const isPublic = client.metadata.token_endpoint_auth_method === 'none';
  if (isPublic)
    return presented.secrets === undefined ? undefined : 'a public client has no secret';
  if (presented.secrets === undefined) return 'no secret';
  if (isForwarded(client)) return undefined;
  const expected = client.clientSecret;
  if (expected === undefined) return 'no secret is registered';
  const matches = presented.secrets.map((secret) => secretsEqual(secret, expected));
  return matches.includes(true) ? undefined : 'wrong secret';
}

function upstreamCredentials(
  client: Client,
  presented: PresentedCredentials,
  signing: AssertionSigning,
): Pick<AuthenticatedClient, 'upstream' | 'otherReading'> {
  if (client.upstream !== undefined) {
    return { upstream: upstreamCredentialsOf(client.upstream, signing), otherReading: undefined };
  }
  const { clientId } = client;
  const [clientSecret, other] = presented.secrets ?? [];
  return {
    upstream: { clientId, clientSecret },
    otherReading: other === undefined ? undefined : { clientId, clientSecret: other },
  };
}

async function refuseThrottled(failures: RateLimiterMemory, attempt: string): Promise<void> {
  const state = await failures.get(attempt);
  if (state !== null && state.consumedPoints >= failures.points) {
    throw new Refusal('client_authentication_throttled');
  }
}

async function countFailure(
  failures: RateLimiterMemory,
  attempt: string,
  reason: Reason,
  detail: string,
): Promise<Refusal> {
  await failures.penalty(attempt);
  return new Refusal(reason, detail);
}
