import { Refusal } from '../errors.ts';
import { parseJson } from '../tokens/json-object.ts';
import type { UpstreamResponse } from './exchange.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPES = ['application/json'] as const;

/**
 * The JSON object in a response (RFC 8259: UTF-8). A member named `__proto__`
 * is dropped at every depth.
 *
 * @throws Refusal `upstream_media_type`, or `upstream_malformed` when the body
 *   is not UTF-8, not JSON or not an object.
 */
export function jsonObject(
  response: UpstreamResponse,
  mediaTypes: readonly string[] = JSON_TYPES,
): Record<string, unknown> {
  const value = jsonValue(response, mediaTypes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('upstream_malformed', `status ${response.status}, not a JSON object`);
  }
  return value as Record<string, unknown>;
}

/**
 * Any JSON value in a response, read as {@link jsonObject} reads an object.
 *
 * @throws Refusal `upstream_media_type` or `upstream_malformed`
 */
export function jsonValue(
  response: UpstreamResponse,
  mediaTypes: readonly string[] = JSON_TYPES,
): unknown {
  const { mediaType } = response;
  if (mediaType === undefined || !mediaTypes.includes(mediaType)) {
    throw new Refusal(
      'upstream_media_type',
      `status ${response.status}, ${mediaType?.slice(0, 100) ?? 'no media type'}`,
    );
  }
  return parse(response);
}

function parse(response: UpstreamResponse): unknown {
  try {
    return parseJson(UTF8.decode(response.body));
  } catch {
    // The parser's message quotes the text, so nothing of it is kept.
    throw new Refusal('upstream_malformed', `status ${response.status}, not JSON`);
  }
}
