import { connect } from 'node:net';

/**
 * Sends bytes as they are over one connection, and yields everything that comes
 * back until the other side closes, or `expected` answers have begun.
 */
export async function sendRaw(
  port: number,
  bytes: string,
  expected = Number.POSITIVE_INFINITY,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let received = '';
  socket.setEncoding('latin1').setTimeout(10_000);
  socket.on('timeout', () => reject(new Error(`no end after: ${received}`)));
  socket.on('error', () => resolve(received)).on('close', () => resolve(received));
  socket.on('data', (chunk: string) => {
    received += chunk;
    if (statusLines(received).length >= expected && received.includes('\r\n\r\n'))
      resolve(received);
  });
  socket.write(Buffer.from(bytes, 'latin1'));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** The statuses of the answers in what came back. */
export function statusLines(received: string): number[] {
  return [...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}
