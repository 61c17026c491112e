import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { Agent, request } from 'undici';

import { listen } from './listen.ts';
import type { Listening } from './listen.ts';

/** A replica, as a load balancer knows it. */
export interface Replica {
  /** Addresses of the public and of the admin listener. */
  readonly address: string;
  readonly admin: string;
}

/** A load balancer that sends requests to those replicas alone whose `/readyz` says 200. */
export interface ReadyBalancer extends Listening {
  /** The replicas that it sends requests to now. */
  ready(): readonly Replica[];
  /** Requests that it could not have answered. */
  readonly failures: readonly string[];
  /** How many requests each replica has answered, by its address. */
  readonly served: ReadonlyMap<string, number>;
}

/** Milliseconds between two looks. */
const LOOK = 50;
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Starts one on a port; it keeps connections to the replicas alive, and tries nothing twice. */
export async function startReadyBalancer(
  replicas: readonly Replica[],
  port: number,
): Promise<ReadyBalancer> {
  const agent = new Agent({ keepAliveTimeout: 60_000 });
  const failures: string[] = [];
  const served = new Map<string, number>();
  let ready: readonly Replica[] = [];
  let turn = 0;
  let isClosed = false;
  const looking = (async () => {
    while (!isClosed) {
      const looks = replicas.map(async (replica) => ((await isReady(replica)) ? [replica] : []));
      ready = (await Promise.all(looks)).flat();
      await sleep(LOOK);
    }
  })();
  const server = await listen((incoming, outgoing) => {
    const replica = ready[(turn += 1) % Math.max(ready.length, 1)];
    const fail = (error: unknown): void => {
      failures.push(`${incoming.method} ${incoming.url}: ${String(error)}`);
      outgoing.destroy();
    };
    if (replica === undefined) {
      fail('no replica is ready');
      return;
    }
    const passOn = async (): Promise<void> => {
      await forward(incoming, outgoing, replica.address, agent);
      served.set(replica.address, (served.get(replica.address) ?? 0) + 1);
    };
    passOn().catch(fail);
  }, port);
  return {
    ...{ port: server.port, failures, served, ready: () => ready },
    close: async () => {
      isClosed = true;
      await looking;
      await server.close();
      await agent.close();
    },
  };
}

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  address: string,
  dispatcher: Agent,
): Promise<void> {
  const { method = 'GET', url = '/' } = incoming;
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name)),
  );
  const answer = await request(`${address}${url}`, {
    ...{ method: method as 'GET', headers, dispatcher },
    ...(method !== 'GET' && { body: incoming }),
  });
  const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
  outgoing.writeHead(answer.statusCode, Object.fromEntries(kept) as Record<string, string>);
  outgoing.end(Buffer.from(await answer.body.arrayBuffer()));
}

async function isReady({ admin }: Replica): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${admin}/readyz`);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
