import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { JWK } from 'jose';

import { createLegacyProvider } from '../../../demo/legacy-idp/provider.ts';
import type { LegacyClient } from '../../../demo/legacy-idp/provider.ts';
import type { LegacyElsewhere, WaitingUser } from '../../../demo/legacy-idp/elsewhere.ts';
import { LegacyStore } from '../../../demo/legacy-idp/store.ts';
import { ALICE, BOB } from '../../../demo/legacy-idp/users.ts';
import type { LegacyUser } from '../../../demo/legacy-idp/users.ts';
import { giveBack, legacyKey } from '../key-pool.ts';
import { heldBack, send } from './answer.ts';
import type { UpstreamRequest } from './answer.ts';
import { Faults } from './faults.ts';
import type { Endpoint } from './faults.ts';
import { Habits, mount } from './habits.ts';
import type { ProfileName } from './profiles.ts';

export interface UpstreamOptions {
  readonly clients: readonly LegacyClient[];
  /** Default: alice and bob. */
  readonly users?: readonly LegacyUser[];
  /** Default: a free port. */
  readonly port?: number;
  /** The host name in the issuer; the server itself listens on 127.0.0.1. Default: localhost. */
  readonly hostname?: string;
  /** A public name that is not its address: the issuer, to the letter. */
  readonly issuer?: string;
  /** Logins on other devices, and token exchange. Default: none. */
  readonly elsewhere?: LegacyElsewhere;
  /** Whether it takes registrations of clients. Default: no. */
  readonly registration?: { readonly initialAccessToken?: string };
  /** Habits of real providers. Default: none. */
  readonly profiles?: readonly ProfileName[];
}

/** A running legacy provider that a test can break. */
export interface Upstream {
  readonly issuer: string;
  /** Where it is really reached. */
  readonly url: string;
  readonly clients: readonly LegacyClient[];
  readonly users: readonly LegacyUser[];
  readonly faults: Faults;
  /** Every request that reached it, oldest first. */
  readonly requests: UpstreamRequest[];
  /** Errors inside the provider itself; a test of the proxy expects none. */
  readonly errors: Error[];
  /** Who was asked on a device of their own, oldest first. */
  readonly waiting: readonly WaitingUser[];
  /** The private key that signs at the moment. */
  signingKey(): JWK & { kid: string };
  /** A new key signs; the old one stays published unless told otherwise. */
  rotateKeys(options?: { keepOld?: boolean }): Promise<void>;
  /** Adds or replaces a client. */
  setClients(clients: readonly LegacyClient[]): void;
  /** Goes away: the port refuses connections. */
  stop(): Promise<void>;
  /** Comes back on the same port with everything it knew. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/auth': 'authorize',
  '/token': 'token',
  '/me': 'userinfo',
  '/token/introspection': 'introspection',
  '/token/revocation': 'revocation',
  '/session/end': 'end_session',
  '/device/auth': 'device',
  '/backchannel': 'backchannel',
  '/reg': 'registration',
};

/** Starts a legacy OpenID Provider (public subjects only) on 127.0.0.1. */
export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const habits = new Habits(options.profiles ?? []);
  const users = options.users ?? [habits.aliceOf(ALICE), BOB];
  const store = new LegacyStore();
  const faults = new Faults();
  const requests: UpstreamRequest[] = [];
  const errors: Error[] = [];
  const waiting: WaitingUser[] = [];
  let clients = options.clients;
  const first = await legacyKey();
  const taken = [first];
  let keys: [JWK & { kid: string }, ...JWK[]] = [first];
  let provider: ReturnType<typeof createLegacyProvider>;
  let server: Server;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    habits.rewriteBody(request);
    const recorded = recorder(request, issuer);
    requests.push(recorded);
    mount(request, pathPrefix);
    const endpoint = endpointOf(request.url ?? '/');
    const served = habits.servedBy(
      { ...recorded, url: new URL(request.url ?? '/', issuer) },
      speaker,
    );
    if (served !== undefined) return send(response, served);
    habits.rewriteRequest(request);
    const fault = faults.take(endpoint);
    if (fault === undefined && !habits.alters(endpoint)) return provider(request, response);
    const answer = await habits.altered(
      endpoint,
      await heldBack(response, () => provider(request, response)),
      recorded,
      speaker,
    );
    return fault === undefined ? send(response, answer) : fault(response, answer, recorded);
  };
  const listen = async (port: number): Promise<number> => {
    server = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        errors.push(error as Error);
        response.destroy();
      });
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
    await promise;
    return (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  };

  const port = await listen(options.port ?? 0);
  const issuer =
    options.issuer ?? `http://${options.hostname ?? 'localhost'}:${port}${habits.issuerPath}`;
  const pathPrefix = new URL(issuer).pathname.replace(/\/$/, '');
  const speaker = { issuer, signingKey: () => keys[0] };
  const renew = (): void => {
    const onError = (error: Error): number => errors.push(error);
    const { tokens, rotatesRefreshTokens } = habits;
    provider = createLegacyProvider({
      ...{ issuer, clients, users, keys, store, tokens, rotatesRefreshTokens, onError },
      ...{ elsewhere: options.elsewhere ?? {}, waiting },
      ...(options.registration === undefined ? {} : { registration: options.registration }),
    });
  };
  renew();

  return {
    issuer,
    url: `http://127.0.0.1:${port}`,
    get clients() {
      return clients;
    },
    users,
    faults,
    requests,
    errors,
    waiting,
    signingKey: () => keys[0],
    rotateKeys: async ({ keepOld = true } = {}) => {
      const next = await legacyKey();
      taken.push(next);
      keys = [next, ...(keepOld ? keys : [])];
      habits.rotated();
      renew();
    },
    setClients: (next) => {
      clients = next;
      renew();
    },
    stop,
    restart: async () => {
      await listen(port);
    },
    close: async () => {
      if (server.listening) await stop();
      giveBack(taken.splice(0));
    },
  };
}

function endpointOf(address: string): Endpoint | undefined {
  const path = new URL(address, 'http://legacy.invalid').pathname;
  if (path.startsWith('/interaction/')) return 'login';
  return path.startsWith('/auth/') ? 'authorize' : ENDPOINTS[path];
}

/** Notes a request, and its body as the provider itself reads it. */
function recorder(request: IncomingMessage, issuer: string): UpstreamRequest {
  const chunks: Buffer[] = [];
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk !== null) chunks.push(Buffer.from(chunk));
    return push(chunk, encoding);
  };
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', issuer),
    headers: { ...request.headers },
    get body() {
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
