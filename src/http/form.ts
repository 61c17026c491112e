import { parse } from 'content-type';
import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';

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
  try {
    return new URLSearchParams(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Refusal('request_malformed', 'the body is not UTF-8');
  }
}

function mediaTypeOf(request: Request): string | undefined {
  try {
    return parse(request.headers['content-type'] ?? '').type.toLowerCase();
  } catch {
    return undefined;
  }
}
