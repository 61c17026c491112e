import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';

import { freePort } from './free-port.ts';
import { startServer } from './mariadb.ts';
import type { MariadbServer } from './mariadb.ts';

/** Where Debian's package galera-4 puts it. */
const PROVIDER = process.env['GALERA_PROVIDER'] ?? '/usr/lib/galera/libgalera_smm.so';

/**
 * How soon the others give up a node that says nothing, in ISO 8601 durations: suspected
 * after 1.5 s, out after 3 s. Galera's own are 5 s and 15 s.
 */
const TIMEOUTS = [
  ...['evs.keepalive_period=PT0.3S', 'evs.inactive_check_period=PT0.3S'],
  ...['evs.suspect_timeout=PT1.5S', 'evs.inactive_timeout=PT3S', 'evs.install_timeout=PT3S'],
];

/** Copying data to another node refuses to be root; the package makes this user. */
const USER = 'mysql';

/** Milliseconds between two looks of the balancer at the nodes. */
const LOOK = 200;

/** Three MariaDB servers that hold the same, behind a balancer that sends all writes to one. */
export interface GaleraCluster {
  /** Through the balancer. */
  readonly url: string;
  /** The node that is written to. */
  readonly writer: () => MariadbServer;
  /** Of how many nodes the cluster is, in the words of the one that is written to. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1; the second and the third node copy what the first one holds. */
export async function startGalera(...more: readonly string[]): Promise<GaleraCluster> {
  const groupPorts = [await freePort(), await freePort(), await freePort()];
  const nodes: MariadbServer[] = [];
  const closeNodes = async (): Promise<void> => {
    for (const node of nodes.toReversed()) await node.close();
  };
  try {
    for (const groupPort of groupPorts) {
      const [first] = nodes;
      const options = [...(await groupOptions(groupPorts, groupPort)), ...more];
      nodes.push(
        await startServer(
          first === undefined
            ? { user: USER, more: [...options, '--wsrep-new-cluster'] }
            : { user: USER, more: options, password: new URL(first.url).password },
        ),
      );
    }
    const balancer = await openBalancer(nodes);
    return {
      url: balancer.url,
      writer: balancer.writer,
      size: async () => Number(await statusOf(balancer.writer().url, 'wsrep_cluster_size')),
      close: async () => {
        await balancer.close();
        await closeNodes();
      },
    };
  } catch (error) {
    await closeNodes();
    throw error;
  }
}

async function groupOptions(all: readonly number[], own: number): Promise<readonly string[]> {
  const provider = [
    ...[`gmcast.listen_addr=tcp://127.0.0.1:${own}`, 'base_host=127.0.0.1', `base_port=${own}`],
    ...[`ist.recv_addr=127.0.0.1:${await freePort()}`, 'gcache.size=32M', ...TIMEOUTS],
  ];
  return [
    ...['--wsrep-on=ON', `--wsrep-provider=${PROVIDER}`, '--binlog-format=ROW'],
    ...['--innodb-autoinc-lock-mode=2', '--wsrep-cluster-name=pairwise'],
    `--wsrep-cluster-address=gcomm://${all.map((port) => `127.0.0.1:${port}`).join(',')}`,
    ...[`--wsrep-node-address=127.0.0.1:${own}`, '--wsrep-sst-method=rsync'],
    `--wsrep-sst-receive-address=127.0.0.1:${await freePort()}`,
    `--wsrep-provider-options=${provider.join(';')}`,
  ];
}

async function statusOf(url: string, name: string): Promise<string | undefined> {
  const connection = await createConnection({ uri: url, connectTimeout: 1000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>('show status like ?', [name]);
    return rows[0]?.['Value'] as string | undefined;
  } finally {
    connection.destroy();
  }
}

interface Balancer {
  readonly url: string;
  readonly writer: () => MariadbServer;
  close(): Promise<void>;
}

/**
 * A TCP balancer as operators have them: every connection goes to the same node until that
 * one is not part of the cluster any more, then to the next that is; those that stood end.
 */
async function openBalancer(nodes: readonly MariadbServer[]): Promise<Balancer> {
  let [writer] = nodes;
  if (writer === undefined) throw new Error('a cluster has nodes');
  const open = new Set<Socket>();
  const look = async (): Promise<void> => {
    const isIn = await Promise.all(
      nodes.map(
        async ({ url }) => (await statusOf(url, 'wsrep_ready').catch(() => 'OFF')) === 'ON',
      ),
    );
    const next = nodes.find((node, place) => isIn[place] && node === writer);
    const chosen = next ?? nodes.find((_node, place) => isIn[place]);
    if (chosen === undefined || chosen === writer) return;
    writer = chosen;
    for (const socket of open) socket.destroy();
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => (looking = looking.then(look)), LOOK);
  const server = createServer((socket) => {
    const onward = connect({ port: Number(new URL(writer!.url).port), host: '127.0.0.1' });
    for (const [own, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(own);
      own
        .on('error', () => {})
        .on('close', () => {
          open.delete(own);
          other.destroy();
        });
      own.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(writer.url);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    writer: () => writer!,
    close: async () => {
      clearInterval(timer);
      await looking;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
