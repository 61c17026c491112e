import { parse } from 'content-type';

import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { ProtocolRequest } from './message.ts';

/** As JSON.parse takes it. */
type Reviver = (name: string, value: unknown) => unknown;

/**
 * The JSON value in a request body, in strict UTF-8.
 *
 * @throws Refusal `reason`, without the cause: the parser's message quotes the text, which may
 *   name users or hold a secret
 */
export async function jsonBody(
  request: ProtocolRequest,
  reason: Reason,
  reviver?: Reviver,
): Promise<unknown> {
  if (mediaTypeOf(request) !== 'application/json') throw new Refusal(reason, 'type');
  const body = await request.payload();
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body), reviver);
  } catch {
    throw new Refusal(reason, 'not JSON');
  }
}

export function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** The type of a body (RFC 9110 8.3.1), in lower case; undefined where the header names none. */
export function mediaTypeOf(request: {
  readonly headers: { readonly 'content-type'?: string | undefined };
}): string | undefined {
  try {
    return parse(request.headers['content-type'] ?? '').type.toLowerCase();
  } catch {
    return undefined;
  }
}
