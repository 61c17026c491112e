import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

import { Refusal } from '../errors.ts';

interface Limits {
  readonly maxOutputLength: number;
}
type Decoder = (encoded: Buffer, limits: Limits) => Promise<Buffer>;

const zlibInflate = promisify<Buffer, Limits, Buffer>(inflate);
const rawInflate = promisify<Buffer, Limits, Buffer>(inflateRaw);
const gzip = promisify<Buffer, Limits, Buffer>(gunzip);
const brotli = promisify<Buffer, Limits, Buffer>(brotliDecompress);

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['br', brotli],
  ['deflate', deflate],
]);

/**
 * The body as it was before `Content-Encoding`. We ask for `identity`, but
 * legacy servers compress all the same.
 *
 * @throws Refusal `upstream_encoding` for an unknown or broken encoding,
 *   `upstream_too_large` when the decoded body exceeds `maxBytes`.
 */
export async function decodeBody(
  body: Buffer,
  contentEncoding: string | readonly string[] | undefined,
  maxBytes: number,
): Promise<Buffer> {
  if (contentEncoding === undefined || contentEncoding === '') return body;
  if (typeof contentEncoding !== 'string') {
    throw new Refusal('upstream_encoding', 'content-encoding is included more than once');
  }
  const name = contentEncoding.trim().toLowerCase();
  if (name === 'identity' || body.length === 0) return body;
  const decode = DECODERS.get(name);
  if (decode === undefined) throw new Refusal('upstream_encoding', 'unknown content-encoding');
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new Refusal('upstream_too_large', `decoded body is over ${maxBytes} bytes`);
    }
    throw new Refusal('upstream_encoding', `broken ${name} body`);
  }
}

/** `deflate` means the zlib format (RFC 9110 8.4.1.2), but some servers send it without the frame. */
function deflate(encoded: Buffer, limits: Limits): Promise<Buffer> {
  const method = (encoded[0] ?? 0) & 0x0f;
  return method === 8 ? zlibInflate(encoded, limits) : rawInflate(encoded, limits);
}
