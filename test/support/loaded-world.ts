import { expect } from 'vitest';

import type { VendorByHand } from './by-hand.ts';
import { vendorByHand } from './by-hand.ts';
import type { TestDatabase } from './database.ts';
import type { Failure, Report } from './login-load.ts';
import { LoginLoad, manyUsers } from './login-load.ts';
import { worldOn } from './mariadb-world.ts';
import type { MariadbServer } from './mariadb.ts';
import { startMariadb } from './mariadb.ts';
import { openTcpGate } from './tcp-gate.ts';
import type { TcpGate } from './tcp-gate.ts';
import type { World } from './world.ts';

/** As a server in production is set up: what was committed is written. */
const DURABLE = '--innodb-flush-log-at-trx-commit=1';

/** A world with a database server of its own, a gate before it, and users who log in. */
export interface LoadedWorld extends WorldUnderLoad {
  readonly server: MariadbServer;
  /** Between the proxy and its database. */
  readonly gate: TcpGate;
}

/** A world on some database server, and users who log in. */
export interface WorldUnderLoad {
  readonly world: World;
  readonly direct: TestDatabase;
  /**
   * Lets users log in while the fault is there and until `afterwards` more have been
   * served; then asserts that every failure was of these kinds, and that the database holds
   * what was told: each user once in each sector, with the subject that was given.
   */
  during(fault: (load: LoginLoad) => Promise<void>, allowed: readonly RegExp[]): Promise<Report>;
  close(): Promise<void>;
}

/** What users meet while the database or the upstream is away. */
export const AWAY: readonly RegExp[] = [
  /^(?:token|userinfo|refresh): 503 temporarily_unavailable retry-after$/,
  /^callback: temporarily_unavailable$/,
  /^page: 503$/,
];

const AFTERWARDS = 8;

/** What a test chooses. */
interface LoadedOptions {
  /** How many take turns; new ones each time where there are many. */
  readonly users?: number;
  readonly upstreamPort?: number;
  /** Options of `mariadbd`. */
  readonly server?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Builds one. */
export async function loadedWorld(options: LoadedOptions = {}): Promise<LoadedWorld> {
  const server = await startMariadb(DURABLE, ...(options.server ?? []));
  const gate = await openTcpGate(Number(new URL(server.url).port));
  const under = await worldUnderLoad(server, { ...options, through: gate });
  return {
    ...{ ...under, server, gate },
    close: async () => {
      await under.close();
      await gate.close();
      await server.close();
    },
  };
}

/** Builds one on a server that somebody else has started, and ends. */
export async function worldUnderLoad(
  server: Pick<MariadbServer, 'url'>,
  options: LoadedOptions & { readonly through?: TcpGate } = {},
): Promise<WorldUnderLoad> {
  const users = manyUsers(options.users ?? 2000);
  const { world, direct } = await worldOn(server, [{ id: 'acme' }, { id: 'bolt' }], {
    ...(options.through && { through: options.through }),
    environment: { MAX_STALENESS: '600', ...options.environment },
    upstream: { users, port: options.upstreamPort ?? 0 },
  });
  const vendors: readonly VendorByHand[] = ['acme', 'bolt'].map((id) => vendorByHand(world, id));
  const told = new Map<string, string>();
  let next = 0;

  const during: WorldUnderLoad['during'] = async (fault, allowed) => {
    const from = next;
    const load = new LoginLoad({
      vendors: () => vendors,
      // Some who come again, and some who are new.
      usernames: [...users.slice(0, 7), ...users.slice(from + 7)].map(({ username }) => username),
    });
    await load.more(4);
    await fault(load);
    await load.more(AFTERWARDS);
    const report = await load.end();
    next += report.logins;
    expect(unexpected(report, allowed)).toEqual([]);
    for (const [user, sub] of load.subjects) {
      expect(told.get(user) ?? sub, `${user} is who he was`).toBe(sub);
      told.set(user, sub);
    }
    await expectStored(direct, told);
    const failures = world.proxy.log.filter(({ reason }) => reason === 'unexpected');
    expect(failures).toEqual([]);
    return report;
  };
  return {
    ...{ world, direct, during },
    close: async () => {
      await world.close();
      await direct.close();
    },
  };
}

/** The failures of kinds that are not allowed. */
export function unexpected(report: Report, allowed: readonly RegExp[]): readonly Failure[] {
  return Object.keys(report.failures).filter((each) => !allowed.some((kind) => kind.test(each)));
}

/** Every subject that was told stands in the database once, and no user has two in a sector. */
export async function expectStored(
  { db }: TestDatabase,
  told: ReadonlyMap<string, string>,
): Promise<void> {
  const rows: { sub: Buffer; generation: number }[] = await db('pseudonyms').select();
  const stored = rows.map(({ sub }) => sub.toString());
  expect(new Set(stored).size, 'no pseudonym twice').toBe(stored.length);
  const missing = [...told].filter(([, sub]) => !stored.includes(sub));
  expect(missing, 'no pseudonym lost').toEqual([]);
  // Nobody was given a second one.
  expect(rows.filter(({ generation }) => generation !== 1)).toEqual([]);
}
