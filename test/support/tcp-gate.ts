import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can go silent: connections stay open and nothing passes. */
export interface TcpGate {
  readonly port: number;
  freeze(): void;
  /** Drops what was caught in the silence; new connections pass again. */
  thaw(): void;
  close(): Promise<void>;
}

/** Opens a gate on 127.0.0.1 in front of a port there. */
export async function openTcpGate(targetPort: number): Promise<TcpGate> {
  const open = new Set<Socket>();
  let frozen = false;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    if (frozen) return;
    const onward = connect(targetPort, '127.0.0.1');
    open.add(onward);
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      frozen = true;
      for (const socket of open) socket.unpipe().pause();
    },
    thaw: () => {
      frozen = false;
      drop();
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}
