import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** A name server that answers as its owner likes. */
export interface NameServer {
  /** How often it was asked. */
  asked: number;
  /** The IPv4 addresses of every name, from now on. */
  answers: readonly string[];
  /** Resolves names by asking it. */
  readonly lookup: LookupFunction;
  close(): void;
}

/** Starts a name server for A records on 127.0.0.1. */
export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, '127.0.0.1', resolve);
  await promise;
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const server: NameServer = {
    asked: 0,
    answers: [],
    lookup: (hostname, _options, callback) => {
      resolver.resolve4(hostname, (error, addresses) => {
        if (error) callback(error, '');
        else
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
      });
    },
    close: () => void socket.close(),
  };
  socket.on('message', (question, { port, address }) => {
    server.asked += 1;
    socket.send(answerTo(question, server.answers), port, address);
  });
  return server;
}

/** RFC 1035 4: the question, and an A record for each address, each with a lifetime of none. */
function answerTo(question: Buffer, addresses: readonly string[]): Buffer {
  let end = 12;
  while (question[end] !== 0) end += (question[end] ?? 0) + 1;
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  const records = addresses.map((address) =>
    Buffer.concat([
      Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]),
      Buffer.from(address.split('.').map(Number)),
    ]),
  );
  return Buffer.concat([header, question.subarray(12, end + 5), ...records]);
}
