import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

import { createExchange } from '../../../src/upstream/exchange.ts';
import type { ExchangeOptions, ExchangePool } from '../../../src/upstream/exchange.ts';

/** A real HTTP server on a free loopback port; closed when the test ends. Returns its origin. */
export async function serveHttp(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listening(server, port);
}

/** A server that hands over each connection's socket, for answers that no HTTP library would send. */
export async function serveSockets(onRequest: (socket: Socket, count: number) => void) {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', () => onRequest(socket, (count += 1)));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { origin: await listening(server, 0), requests: () => count, sockets };
}

/** A server that answers every request with the same bytes, and then closes. */
export async function serveBytes(...parts: readonly (string | Buffer)[]): Promise<string> {
  const { origin } = await serveSockets((socket) => {
    for (const part of parts) socket.write(part);
    socket.end();
  });
  return origin;
}

/** A pool that is closed when the test ends. */
export function poolForTest(options: ExchangeOptions = {}): ExchangePool {
  const pool = createExchange(options);
  onTestFinished(() => pool.close());
  return pool;
}

function listening(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
