import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { sentMetadata, type SentMetadata } from '../vendors/self-registration.ts';
import { jsonBody } from './json-body.ts';
import type { ProtocolRequest } from './message.ts';

/**
 * The client metadata in a request body (RFC 7591 3.1).
 *
 * @throws Refusal `registration_body`, or ExplainedRefusal where it is no JSON object
 */
export async function metadataOf(request: ProtocolRequest): Promise<SentMetadata> {
  const unspoilt = (name: string, value: unknown): unknown =>
    name === '__proto__' ? undefined : value;
  return sentMetadata(await jsonBody(request, 'registration_body', unspoilt));
}

/** The bearer token in the header of a request (RFC 6750 2.1); refused for `reason` without one. */
export function bearerOf({ headers }: ProtocolRequest, reason: Reason): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(headers['authorization'] ?? '') ?? [];
  if (token === undefined) throw new Refusal(reason, 'no bearer token');
  return token;
}
