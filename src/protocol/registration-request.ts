import { parse } from 'content-type';

import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { sentMetadata, type SentMetadata } from '../vendors/self-registration.ts';
import type { ProtocolRequest } from './message.ts';

/**
 * The client metadata in a request body (RFC 7591 3.1).
 *
 * @throws Refusal `registration_body`, or ExplainedRefusal where it is no JSON object
 */
export async function metadataOf(request: ProtocolRequest): Promise<SentMetadata> {
  if (mediaTypeOf(request) !== 'application/json') throw new Refusal('registration_body', 'type');
  const body = await request.payload();
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    return sentMetadata(
      JSON.parse(text, (name: string, value: unknown) =>
        name === '__proto__' ? undefined : value,
      ),
    );
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // The parser's message quotes the text, which may hold a secret.
    throw new Refusal('registration_body', 'not JSON');
  }
}

/** The bearer token in the header of a request (RFC 6750 2.1); refused for `reason` without one. */
export function bearerOf({ headers }: ProtocolRequest, reason: Reason): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(headers['authorization'] ?? '') ?? [];
  if (token === undefined) throw new Refusal(reason, 'no bearer token');
  return token;
}

function mediaTypeOf({ headers }: ProtocolRequest): string | undefined {
  try {
    return parse(headers['content-type'] ?? '').type.toLowerCase();
  } catch {
    return undefined;
  }
}
