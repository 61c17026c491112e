import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { mediaTypeOf } from '../protocol/json-body.ts';

/** The largest form that an endpoint reads, in bytes. */
const MAX_FORM_BYTES = 64 * 1024;

/** Buffers a request body up to the limit; compressed bodies are refused. */
export const boundedBody: RequestHandler = express.raw({
  type: () => true,
  limit: MAX_FORM_BYTES,
  inflate: false,
});

/** The parameters of a form body (RFC 6749 appendix B): UTF-8, urlencoded, or empty. */
export function formOf(request: Request): URLSearchParams {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body) || body.length === 0) return new URLSearchParams();
  if (mediaTypeOf(request) !== 'application/x-www-form-urlencoded') throw new Refusal('body_type');
  return parametersOf(utf8(() => new TextDecoder('utf-8', { fatal: true }).decode(body)));
}

/** The parameters of a request's query. */
export function queryOf(request: Request): URLSearchParams {
  const mark = request.originalUrl.indexOf('?');
  if (mark === -1) return new URLSearchParams();
  const query = request.originalUrl.slice(mark + 1);
  // Node reads raw bytes as Latin-1; nobody could say what was meant by them.
  if (/[^\x21-\x7e]/.test(query)) throw new Refusal('request_malformed', 'raw bytes in the query');
  return parametersOf(query);
}

/** `URLSearchParams` would replace what is not UTF-8, and a vendor get back another `state`. */
function parametersOf(text: string): URLSearchParams {
  for (const [octets] of text.matchAll(/(?:%[0-9a-f]{2})+/gi)) {
    utf8(() => decodeURIComponent(octets));
  }
  return new URLSearchParams(text);
}

function utf8(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw new Refusal('request_malformed', 'not UTF-8');
  }
}
