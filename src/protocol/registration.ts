import {
  openRegistration,
  removeRegisteredClient,
  updateRegisteredClient,
} from '../operations/registered-clients.ts';
import type { Endpoint } from './message.ts';
import { NO_STORE } from './message.ts';
import { answered, clientIdIn, count, type RegistrationParts } from './register.ts';
import { bearerOf, metadataOf } from './registration-request.ts';

/** The client configuration endpoint (RFC 7592 2): read, update and delete one's own client. */
export function registrationEndpoint(parts: RegistrationParts): Endpoint {
  return async (request) => {
    await count(parts.byAddress, request.remoteAddress);
    const { context } = parts;
    const token = bearerOf(request, 'registration_token_invalid');
    const clientId = clientIdIn(request);
    const managed = await openRegistration(context, clientId, token);
    const { client: settings, registeredAt } = managed;
    if (request.method === 'GET') {
      return answered(context.issuer, 200, { settings, registrationToken: token, registeredAt });
    }
    await count(parts.byVendor, settings.vendorId);
    const by = { actor: `client:${clientId}`, requestId: request.requestId };
    if (request.method === 'DELETE') {
      await removeRegisteredClient(context, managed, by);
      return { kind: 'json', status: 204, body: {}, headers: NO_STORE };
    }
    const sent = await metadataOf(request);
    return answered(context.issuer, 200, await updateRegisteredClient(context, managed, sent, by));
  };
}
