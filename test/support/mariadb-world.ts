import { randomBytes } from 'node:crypto';

import { migrateUp } from '../../src/database/migrations.ts';
import type { TestDatabase } from './database.ts';
import { mysqlDatabase } from './database.ts';
import type { MariadbServer } from './mariadb.ts';
import type { TcpGate } from './tcp-gate.ts';
import type { World, WorldOptions, WorldVendor } from './world.ts';
import { createWorld } from './world.ts';

/** A world on a database server of its own. */
export interface MariadbWorld {
  readonly world: World;
  /** The same database, reached without what lies between it and the proxy. */
  readonly direct: TestDatabase;
}

/** Builds one; the proxy reaches the server through the gate where there is one. */
export async function worldOn(
  server: Pick<MariadbServer, 'url'>,
  vendors: readonly WorldVendor[],
  options: WorldOptions & { readonly through?: TcpGate } = {},
): Promise<MariadbWorld> {
  const { through, ...more } = options;
  const direct = await mysqlDatabase(server.url);
  await migrateUp(direct.db);
  if (direct.location.dialect !== 'mysql') throw new Error('a server of another kind');
  const url = new URL(direct.location.url);
  // As in production: no privilege but on this one database, so that read_only holds.
  const password = randomBytes(16).toString('hex');
  const user = `proxy_${randomBytes(4).toString('hex')}`;
  await direct.db.raw(`create user ${user}@'%' identified by '${password}'`);
  await direct.db.raw(`grant all on ${url.pathname.slice(1)}.* to ${user}@'%'`);
  Object.assign(url, { username: user, password });
  if (through !== undefined) url.port = String(through.port);
  const database: TestDatabase = { ...direct, location: { dialect: 'mysql', url: url.href } };
  return { world: await createWorld(vendors, { ...more, database }), direct };
}
