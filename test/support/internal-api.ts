import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

import { decodeJwt } from 'jose';

import { listen } from './listen.ts';

/** A request as it reached the API. */
export interface ApiRequest {
  readonly method: string;
  /** The request target, as it came. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whom the legacy provider says that the token is of; undefined: it does not take it. */
  readonly user: string | undefined;
}

/** What the API says to a request; the answer ends with it. */
export type ApiHandler = (request: ApiRequest, response: ServerResponse) => void;

/** An API of old: it knows the legacy provider's access tokens and the users' real names. */
export interface InternalApi {
  /** Below `/v1`; whatever else the host has is none of a vendor's business. */
  readonly address: string;
  readonly requests: ApiRequest[];
  /** Answers by path; what is not there gets 404. */
  readonly answers: Map<string, ApiHandler>;
  /** Whose userinfo endpoint says what a token is worth. */
  trust(issuer: string): void;
  /** Goes away: the port refuses connections. */
  close(): Promise<void>;
}

/** Headers in which an API tells all that it knows of a user. */
export const TELLTALE_HEADERS = {
  'set-cookie': 'api_user=alice; Path=/',
  'x-user': 'alice',
  'x-request-of': 'legacy-acme',
  etag: '"alice-17"',
  link: '</users/alice>; rel="author"',
  'content-disposition': 'attachment; filename="alice.json"',
  'www-authenticate': 'Bearer realm="alice"',
  'access-control-allow-origin': '*',
  server: 'orders.internal',
} as const;

/** Starts an API on 127.0.0.1 that asks the legacy provider about every token. */
export async function startInternalApi(): Promise<InternalApi> {
  const requests: ApiRequest[] = [];
  const answers = new Map<string, ApiHandler>();
  let userinfo = '';
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = request.url ?? '/';
    const received = {
      ...{ method: request.method ?? 'GET', target, headers: request.headers },
      body: Buffer.concat(chunks),
      user: await userOf(userinfo, request.headers.authorization),
    };
    requests.push(received);
    if (received.user === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="alice"' }).end('alice, go away');
      return;
    }
    const answer = answers.get(target.split('?')[0] ?? '');
    if (answer === undefined) response.writeHead(404, TELLTALE_HEADERS).end();
    else answer(received, response);
  };
  const server = await listen((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  return {
    ...{ requests, answers },
    address: `http://127.0.0.1:${server.port}/v1`,
    trust: (issuer) => {
      userinfo = `${issuer}/me`;
    },
    close: () => server.close(),
  };
}

async function userOf(userinfo: string, authorization = ''): Promise<string | undefined> {
  if (authorization === '') return undefined;
  const answer = await fetch(userinfo, { headers: { authorization } });
  if (answer.status !== 200) return undefined;
  const said = await answer.text();
  return (said.startsWith('{') ? (JSON.parse(said) as { sub: string }) : decodeJwt(said)).sub;
}

/** Answers with JSON, and with everything in its headers. */
export function json(value: unknown, status = 200): ApiHandler {
  return (_request, response) => {
    response
      .writeHead(status, { ...TELLTALE_HEADERS, 'content-type': 'application/json' })
      .end(JSON.stringify(value));
  };
}
