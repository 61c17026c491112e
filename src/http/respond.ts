import type { Response } from 'express';
import type { Reason, Refusal } from '../errors.ts';
import { ExplainedRefusal, wireOf } from '../errors.ts';
import { DPOP_CHALLENGE } from '../protocol/dpop.ts';
import type { ProtocolResponse } from '../protocol/message.ts';

/** Writes what an endpoint answered. */
export function respond(response: Response, answer: ProtocolResponse): void {
  if (answer.kind === 'passed') {
    // Not as Express sets them: it would add a charset that nobody named.
    response.status(answer.status).setHeaders(new Map(Object.entries(answer.headers)));
    response.end(answer.body);
    return;
  }
  response.set(answer.headers);
  if (answer.kind === 'redirect') {
    // 303: the browser must not repeat a POST at the next address (RFC 9700 4.12).
    response.status(303).set('location', answer.location).end();
    return;
  }
  if (answer.kind === 'page') {
    response.status(200).type('html').send(answer.html);
    return;
  }
  if (answer.kind === 'jwt') {
    // As bytes: text would get a charset, which these media types do not have.
    response.status(200).type(answer.mediaType).send(Buffer.from(answer.jwt));
    return;
  }
  respondJson(response, answer.status, answer.body);
}

/** As Express does, less what it looks up for each answer. */
function respondJson(response: Response, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.statusCode = status;
  // WebFinger has a media type of its own (RFC 7033 10.2).
  if (!response.hasHeader('content-type')) {
    response.setHeader('content-type', 'application/json; charset=utf-8');
  }
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}

/** Writes a refusal as an OAuth error (RFC 6749 5.2, RFC 6750 3). */
export function respondError(response: Response, refused: Refusal): void {
  const wire = wireOf(refused.reason);
  const description = refused instanceof ExplainedRefusal ? refused.description : wire.description;
  response.status(wire.status).set('cache-control', 'no-store');
  if (wire.retryAfter !== undefined) response.set('retry-after', String(wire.retryAfter));
  if (wire.status === 401) response.set('www-authenticate', challenge(wire.error));
  response.json({ error: wire.error, error_description: description });
}

function challenge(error: string): string {
  if (error === 'invalid_client') return 'Basic realm="pairwise-proxy", charset="UTF-8"';
  // RFC 9449 7.1 and 7.2: what is wrong with a proof is said under its own scheme.
  const dpop = `${DPOP_CHALLENGE}, error="${error}"`;
  if (error === 'invalid_dpop_proof' || error === 'use_dpop_nonce') return dpop;
  return `Bearer realm="pairwise-proxy", error="${error}", ${dpop}`;
}

/** Writes a refusal as a page for a person, who can quote its request id to support. */
export function respondErrorPage(response: Response, reason: Reason, requestId: string): void {
  const wire = wireOf(reason);
  if (wire.retryAfter !== undefined) response.set('retry-after', String(wire.retryAfter));
  response
    .status(wire.status)
    .set('cache-control', 'no-store')
    .set('referrer-policy', 'no-referrer')
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Login not possible</title></head>` +
        `<body><h1>Login not possible</h1><p>${wire.description}</p>` +
        `<p>Error: <code>${wire.error}</code>. Request: <code>${requestId}</code>.</p></body></html>\n`,
    );
}
