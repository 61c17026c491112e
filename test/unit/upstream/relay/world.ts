import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express from 'express';

import { wireOf, type Reason } from '../../../../src/errors.ts';
import type { Logger } from '../../../../src/observability/logger.ts';
import {
  createRelay,
  type RelayOptions,
  type RelayPolicy,
  type RelayUpstream,
} from '../../../../src/upstream/relay.ts';

export const REDIRECT_URI = 'https://vendor.example/cb';
export const FEDERATION = 'https://federation.example';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly octets: Buffer;
}

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A relay before a real upstream server on loopback, and what each of them saw. */
export interface World {
  readonly ours: string;
  readonly issuer: string;
  readonly theirs: string;
  readonly seen: Seen[];
  readonly logged: { level: string; fields: unknown }[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  ask(options: Ask): Promise<Answer>;
  raw(text: string): Promise<string>;
  close(): Promise<void>;
}

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface WorldOptions {
  readonly upstream?: RequestListener;
  readonly issuerPath?: string;
  /** The upstream's public origin; its own loopback address unless told. */
  readonly origin?: string;
  readonly target?: string;
  readonly issuer?: string;
  readonly policy?: Partial<RelayPolicy>;
  readonly relay?: Partial<RelayOptions>;
  readonly known?: Partial<RelayUpstream>;
}

/** A policy that knows one redirect URI and takes `state=good` for a seal of ours. */
export const POLICY: RelayPolicy = {
  admitsAuthorization: async (parameters) => parameters.get('state') === 'good',
  isRedirectTarget: (url) =>
    url.href.startsWith(REDIRECT_URI) || url.href.startsWith('com.vendor.app:/cb'),
  logoutHint: async () => undefined,
  frontChannelLogout: () => undefined,
  answer: async (response) =>
    response.href.startsWith('https://vendor.example/') &&
    response.searchParams.get('state') === 'good'
      ? { kind: 'redirect', location: `${REDIRECT_URI}?code=sealed&state=theirs` }
      : { kind: 'blocked', reason: 'response_foreign', detail: 'foreign' },
};

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const seen: Seen[] = [];
  const logged: { level: string; fields: unknown }[] = [];
  const upstream = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString('latin1') });
      (options.upstream ?? hello)(request, response);
    });
    request.on('error', () => {});
  });
  const theirs = await listen(upstream);
  const app = express().disable('x-powered-by');
  const proxy = createServer(app);
  const ours = await listen(proxy);
  const issuer = options.issuer ?? `${ours}${options.issuerPath ?? ''}`;
  const known: RelayUpstream = {
    origin: options.origin ?? theirs,
    target: options.target ?? theirs,
    authorizationPath: '/authorize',
    endSessionPath: '/logout',
    backChannelPaths: ['/token', '/userinfo', '/register', '/jwks'],
    ...options.known,
  };
  app.use(
    createRelay({
      issuer,
      upstream: () => known,
      policy: { ...POLICY, ...options.policy },
      relayPaths: [],
      federationOrigins: [FEDERATION],
      ownCookieNames: ['__Host-binding', 'binding'],
      renderBlocked: (response, reason: Reason) => {
        response.status(wireOf(reason).status).type('text').send(`blocked: ${reason}`);
      },
      log: capture(logged),
      ...options.relay,
    }),
  );
  const ask = ({ method = 'GET', path, headers = {}, body }: Ask) =>
    exchange(ours, method, path, headers, body);
  return {
    ours,
    issuer,
    theirs,
    seen,
    logged,
    ask,
    get: (path, headers = {}) => ask({ path, headers }),
    raw: (text) => sendRaw(ours, text),
    close: async () => {
      for (const server of [proxy, upstream]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

/** An upstream that answers everything with one page. */
export function page(body: string | Buffer, headers: Record<string, string | string[]> = {}) {
  return ((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(body);
  }) satisfies RequestListener;
}

/** An upstream that answers everything with one redirect. */
export function redirect(location: string, headers: Record<string, string | string[]> = {}) {
  return ((_request, response) => {
    response.writeHead(302, { location, ...headers });
    response.end('a body that repeats the address');
  }) satisfies RequestListener;
}

const hello: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.end('hello');
};

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function exchange(
  base: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer | undefined,
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false });
    request.on('error', reject);
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const octets = Buffer.concat(chunks);
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, body: octets.toString(), octets });
      });
    });
    request.end(body);
  });
}

function sendRaw(base: string, text: string): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.end(text, 'latin1');
  });
}

function capture(logged: { level: string; fields: unknown }[]): Logger {
  const at = (level: string) => (first: object | string, message?: string) => {
    logged.push({
      level,
      fields: typeof first === 'string' ? { message: first } : { ...first, message },
    });
  };
  const logger: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: () => logger,
  };
  return logger;
}
