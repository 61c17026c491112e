import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer } from '../../support/mariadb.ts';
import type { MariadbServer } from '../../support/mariadb.ts';

/** What MariaDB does where nothing is set: each commit is on the disk before it is told. */
const DURABLE = ['--innodb-flush-log-at-trx-commit=1', '--innodb-flush-method=fsync'];

/** A server as in production: durable, on a disk and not in memory, with room for its indexes. */
export async function startDurableMariadb(...more: readonly string[]): Promise<MariadbServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-mariadb-'));
  const room = ['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=512M'];
  return startServer({ folder, more: [...DURABLE, ...room, ...more] });
}
