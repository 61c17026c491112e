import express from 'express';
import type { Request, Response } from 'express';
import { Refusal } from '../errors.ts';

/** The largest body that is passed on to an internal API. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

const bounded = express.raw({ type: () => true, limit: MAX_PAYLOAD_BYTES, inflate: false });

/**
 * The body of a request as it came, read only when it is asked for; empty where
 * there was none. Fails as a bounded form does.
 *
 * @throws Refusal `request_malformed` for a compressed body
 */
export async function payloadOf(request: Request, response: Response): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Refusal('request_malformed', 'a compressed body');
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  bounded(request, response, (error?: unknown) => {
    if (error === undefined) resolve();
    else reject(error);
  });
  await promise;
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
