import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can be put out of order, connection by connection or all at once. */
export interface TcpGate {
  readonly port: number;
  /** What was sent through each connection towards the server, oldest first. */
  readonly sent: readonly Buffer[];
  /** Goes silent: connections stay open and nothing passes. */
  freeze(): void;
  /** Drops what was caught in the silence; new connections pass again. */
  thaw(): void;
  /** Everything passes this much later from now on, in milliseconds; 0: at once. */
  delay(milliseconds: number): void;
  /** Every connection is reset after so many bytes from the server, as long as this holds. */
  resetAfter(bytes: number): void;
  /** The server's end is told to be over after so many bytes, and ours stays open. */
  halfCloseAfter(bytes: number): void;
  /** Connections are reset as soon as they stand, and those that stand at once. */
  refuse(): void;
  /** Everything passes, unharmed. */
  pass(): void;
  close(): Promise<void>;
}

interface Disorder {
  readonly delay: number;
  readonly reset: number;
  readonly halfClose: number;
  readonly refused: boolean;
}

const ORDER: Disorder = {
  ...{ delay: 0, refused: false },
  reset: Number.POSITIVE_INFINITY,
  halfClose: Number.POSITIVE_INFINITY,
};

/** Opens a gate on 127.0.0.1 in front of a port there. */
export async function openTcpGate(targetPort: number): Promise<TcpGate> {
  const open = new Set<Socket>();
  const sent: Buffer[] = [];
  let frozen = false;
  let disorder = ORDER;

  /** Passes on what comes, with what is wrong at the moment. */
  const pass = (from: Socket, to: Socket, isAnswer: boolean): void => {
    let passed = 0;
    from.on('data', (chunk: Buffer) => {
      const { delay, reset, halfClose } = disorder;
      const limit = isAnswer ? Math.min(reset, halfClose) : Number.POSITIVE_INFINITY;
      const bytes = chunk.subarray(0, Math.max(0, limit - passed));
      passed += chunk.length;
      const write = (): void => {
        if (to.writable) to.write(bytes);
        if (passed <= limit) return;
        if (reset < halfClose) {
          to.resetAndDestroy();
          from.resetAndDestroy();
        } else to.end();
      };
      if (delay === 0) {
        write();
        return;
      }
      from.pause();
      setTimeout(() => {
        write();
        if (!frozen) from.resume();
      }, delay);
    });
    from.on('end', () => to.end());
  };

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    if (disorder.refused) {
      socket.resetAndDestroy();
      return;
    }
    if (frozen) return;
    const at = sent.push(Buffer.alloc(0)) - 1;
    socket.on('data', (chunk: Buffer) => {
      sent[at] = Buffer.concat([sent[at] ?? Buffer.alloc(0), chunk]);
    });
    const onward = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    open.add(onward);
    onward.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    onward.on('close', () => open.delete(onward));
    socket.on('close', () => onward.destroy());
    pass(socket, onward, false);
    pass(onward, socket, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    sent,
    freeze: () => {
      frozen = true;
      for (const socket of open) socket.pause();
    },
    thaw: () => {
      frozen = false;
      drop();
    },
    delay: (delay) => (disorder = { ...disorder, delay }),
    resetAfter: (reset) => (disorder = { ...disorder, reset }),
    halfCloseAfter: (halfClose) => (disorder = { ...disorder, halfClose }),
    refuse: () => {
      disorder = { ...disorder, refused: true };
      for (const socket of open) socket.resetAndDestroy();
    },
    pass: () => (disorder = ORDER),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}
