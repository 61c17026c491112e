import type { Request, Response } from 'express';
import type { Client } from '../vendors/client.ts';

/** Who may read an answer from a script of another origin. */
export type CorsPolicy = 'anyone' | 'client' | 'nobody';

/** The origins of a client's redirect URIs: where its scripts live. */
function originsOf(client: Client): ReadonlySet<string> {
  return new Set(client.metadata.redirect_uris.map((uri) => new URL(uri).origin));
}

/** Lets the script of this request read the answer, where the client is its own. */
export function allowClientOrigin(request: Request, response: Response, client: Client): void {
  const origin = request.headers.origin;
  if (origin === undefined || origin === 'null' || !originsOf(client).has(origin)) return;
  response.set('access-control-allow-origin', origin).vary('origin');
  // What is wrong (RFC 6750 3), when to come back, and the next nonce (RFC 9449 8).
  response.set('access-control-expose-headers', 'www-authenticate, retry-after, dpop-nonce');
}

/** Answers a preflight: at a client's endpoints for any registered redirect origin. */
export function answerPreflight(
  request: Request,
  response: Response,
  policy: CorsPolicy,
  isRedirectOrigin: (origin: string) => boolean,
): void {
  const origin = request.headers.origin;
  response.vary('origin');
  if (origin !== undefined && policy !== 'nobody') {
    if (policy === 'anyone') response.set('access-control-allow-origin', '*');
    else if (isRedirectOrigin(origin)) response.set('access-control-allow-origin', origin);
  }
  response
    .set('access-control-allow-methods', 'GET, POST')
    .set('access-control-allow-headers', 'authorization, content-type, dpop')
    .set('access-control-max-age', '600')
    .status(204)
    .end();
}
