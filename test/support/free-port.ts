import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections: none of those can take ours. */
const FIRST = 10_000;
const SLOTS = 200;
const PER_SLOT = 100;

let next = Math.floor(Math.random() * PER_SLOT);

/**
 * A port of 127.0.0.1 on which nobody listens, to be named before the server that
 * will use it is started. Each process of a test run takes from ports of its own, so
 * that two of them never settle on the same one.
 */
export async function freePort(): Promise<number> {
  const pool = Number(process.env['VITEST_POOL_ID'] ?? 0);
  const slot = (process.pid * 7 + pool) % SLOTS;
  for (let tried = 0; tried < PER_SLOT; tried += 1) {
    const port = FIRST + slot * PER_SLOT + next;
    next = (next + 1) % PER_SLOT;
    if (await isFree(port)) return port;
  }
  throw new Error(
    `Of the ports ${FIRST + slot * PER_SLOT} and the ${PER_SLOT} after it, none is free.`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
