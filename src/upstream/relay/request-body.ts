import type { IncomingMessage } from 'node:http';
import { Readable, Transform, type TransformCallback } from 'node:stream';

import { Refusal } from '../../errors.ts';
import { essence, isAsciiCompatible } from './media-types.ts';

/** Forms and JSON are looked at whole, up to this many octets. */
const LONGEST_INSPECTED_BODY = 256 * 1024;

const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type', 'grant_type'];
const CREDENTIAL_TEXT = /client(?:_|%5f)secret|client(?:_|%5f)assertion|grant(?:_|%5f)type/i;
const OVERLAP = 32;

/** A request body on its way upstream. */
export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'form' | 'json'; readonly text: string }
  | { readonly kind: 'stream'; readonly length: string | undefined };

/**
 * Reads what must be looked at before it is passed on: urlencoded forms and JSON.
 * Other bodies are left to stream.
 *
 * Errors: `relay_refused`, `body_type`, `body_too_large`.
 */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  const length = request.headers['content-length'];
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (!chunked && (length === undefined || length === '0')) return { kind: 'none' };
  if (request.method === 'GET' || request.method === 'HEAD') {
    throw new Refusal('relay_refused', `a body on ${request.method}`);
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Refusal('relay_refused', 'a compressed request body');
  }
  const type = essence(request.headers['content-type']);
  // What cannot be read here might be a form to the upstream.
  if (type === undefined || !isAsciiCompatible(request.headers['content-type'])) {
    throw new Refusal('body_type', 'a body of an unknown type or charset');
  }
  if (type === 'application/x-www-form-urlencoded') {
    return { kind: 'form', text: await readWhole(request) };
  }
  if (type === 'application/json' || type.endsWith('+json')) {
    return { kind: 'json', text: await readWhole(request) };
  }
  return { kind: 'stream', length };
}

/**
 * Refuses parameters with which a server, and never a browser on a login page,
 * speaks to an authorization server: a grant, or client credentials.
 */
export function refuseCredentials(parameters: URLSearchParams): void {
  for (const name of parameters.keys()) {
    const bare = /[a-z_]+/i.exec(name)?.[0].toLowerCase();
    if (bare !== undefined && CREDENTIALS.includes(bare)) {
      throw new Refusal('relay_refused', `the parameter ${bare}`);
    }
  }
}

/** The same for a JSON body, at any depth. Errors: `request_malformed`, `relay_refused`. */
export function refuseJsonCredentials(text: string): void {
  if (text.trim() === '') return;
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (CREDENTIALS.includes(name.toLowerCase())) {
        throw new Refusal('relay_refused', `the member ${name}`);
      }
      return value;
    });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('request_malformed', 'the body is not JSON');
  }
}

/**
 * A body that streams past a search for credential names; on a find it stops for
 * good, so that the upstream never gets a complete request.
 */
export class WatchedBody extends Transform {
  readonly #found: () => void;
  #tail = '';

  constructor(found: () => void) {
    super();
    this.#found = found;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const text = this.#tail + chunk.toString('latin1');
    if (CREDENTIAL_TEXT.test(text)) {
      this.#found();
      return;
    }
    const kept = Math.max(0, text.length - OVERLAP);
    this.#tail = text.slice(kept);
    done(null, Buffer.from(text.slice(0, kept), 'latin1'));
  }

  override _flush(done: TransformCallback): void {
    done(null, Buffer.from(this.#tail, 'latin1'));
  }
}

/** A body held in memory, as a stream. */
export function bodyOf(text: string): Readable {
  return Readable.from([Buffer.from(text, 'latin1')]);
}

async function readWhole(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const octets = chunk as Buffer;
    size += octets.length;
    if (size > LONGEST_INSPECTED_BODY) {
      throw new Refusal('body_too_large', `a form or JSON body over ${LONGEST_INSPECTED_BODY}`);
    }
    chunks.push(octets);
  }
  return Buffer.concat(chunks).toString('latin1');
}
