import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { Refusal } from '../errors.ts';
import { registerClient, type RegisteredClient } from '../operations/register-client.ts';
import type { RegistrationContext } from '../operations/registration-context.ts';
import { findInitialToken } from '../vendors/registration-store.ts';
import { clientInformation } from '../vendors/self-registration.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { bearerOf, metadataOf } from './registration-request.ts';

/** What the registration addresses work with. */
export interface RegistrationParts {
  readonly context: RegistrationContext;
  /** Requests of one address, good and bad. */
  readonly byAddress: RateLimiterMemory;
  /** Registrations of one vendor, good and bad. */
  readonly byVendor: RateLimiterMemory;
}

/** The client registration endpoint (RFC 7591 3, OpenID Connect Registration 3). */
export function registerEndpoint(parts: RegistrationParts): Endpoint {
  return async (request) => {
    await count(parts.byAddress, request.remoteAddress);
    const { context } = parts;
    const token = bearerOf(request, 'initial_token_invalid');
    const initialToken = await findInitialToken(context.db, token, context.clock());
    if (initialToken === undefined) throw new Refusal('initial_token_invalid');
    await count(parts.byVendor, initialToken.vendorId);
    const metadata = await metadataOf(request);
    const by = { actor: `token:${initialToken.id}`, requestId: request.requestId };
    const registered = await registerClient(context, { initialToken, metadata }, by);
    return answered(context.issuer, 201, registered);
  };
}

/** Counts one request; too many are refused. */
export async function count(limit: RateLimiterMemory, key: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(key);
  if (consumedPoints > limit.points) throw new Refusal('registration_throttled');
}

/** A client information response (RFC 7591 3.2.1, RFC 7592 3). */
export function answered(
  issuer: string,
  status: number,
  { settings, registrationToken, registeredAt }: RegisteredClient,
): ProtocolResponse {
  const body = {
    ...clientInformation(settings, registeredAt),
    registration_client_uri: `${issuer}/oidc/register/${encodeURIComponent(settings.clientId)}`,
    registration_access_token: registrationToken,
  };
  return { kind: 'json', status, body, headers: NO_STORE };
}

/** The client that a management address names; what does not decode, the router has refused. */
export function clientIdIn({ target }: ProtocolRequest): string {
  const path = target.replace(/\?.*$/s, '');
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
}
