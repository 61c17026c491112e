import express from 'express';
import type { Request, Response } from 'express';

/** The largest body that is passed on to an internal API. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

const bounded = express.raw({ type: () => true, limit: MAX_PAYLOAD_BYTES, inflate: false });

/**
 * The body of a request as it came, read only when it is asked for; empty where
 * there was none. Fails as a bounded form does.
 */
export async function payloadOf(request: Request, response: Response): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  bounded(request, response, (error?: unknown) => {
    if (error === undefined) resolve();
    else reject(error);
  });
  await promise;
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
