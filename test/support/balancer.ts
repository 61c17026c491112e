import { request as send } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { ask } from './by-hand.ts';
import { listen } from './listen.ts';

/** Where a replica is reached, and where it says whether it is ready. */
export interface Behind {
  readonly port: number;
  readonly adminPort: number;
}

/** A load balancer as operators have them. */
export interface Balancer {
  readonly port: number;
  /** How many replicas say that they are ready. */
  readonly ready: () => number;
  /** Sets what stands behind it. */
  behind(replicas: readonly Behind[]): void;
  close(): Promise<void>;
}

const LOOK = 50;

/**
 * Starts one on 127.0.0.1. Each request goes to the next replica whose `/readyz` said 200
 * when it was last asked, and to no other: what fails there has failed.
 */
export async function startBalancer(): Promise<Balancer> {
  let replicas: readonly Behind[] = [];
  let ready: readonly Behind[] = [];
  let turn = 0;
  const look = async (): Promise<void> => {
    const asked = await Promise.all(
      replicas.map(async (each) => {
        const address = `http://127.0.0.1:${each.adminPort}/readyz`;
        const answer = await ask(address).catch(() => undefined);
        return answer?.status === 200;
      }),
    );
    ready = replicas.filter((_each, n) => asked[n]);
  };
  const looking = setInterval(() => void look(), LOOK);
  const pass = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const target = ready[(turn += 1) % Math.max(1, ready.length)];
    if (target === undefined) {
      response.writeHead(503, { 'retry-after': '1' }).end('nobody is ready');
      return;
    }
    const { method, url, headers } = request;
    const onward = send({
      ...{ host: '127.0.0.1', port: target.port, method, path: url, agent: false },
      headers: { ...headers, connection: 'close' },
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'x-balancer': error.code ?? 'error' }).end('broken off');
    });
    onward.end(body);
  };
  const server = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => pass(request, response, Buffer.concat(chunks)));
  });
  return {
    port: server.port,
    ready: () => ready.length,
    behind: (next) => (replicas = next),
    close: async () => {
      clearInterval(looking);
      await server.close();
    },
  };
}
