import type { Knex } from 'knex';

import { databaseConfig } from './src/database/connection.ts';
import { migrationSource } from './src/database/migrations.ts';

/**
 * For the knex command line in a checkout; `pairwise-proxy migrate` needs no
 * such file and also holds a lease.
 */
const url = process.env['DATABASE_URL'] ?? 'sqlite:data/pairwise.sqlite';
const config: Knex.Config = {
  ...databaseConfig(
    url.startsWith('sqlite:')
      ? { dialect: 'sqlite', file: url.slice('sqlite:'.length) }
      : { dialect: 'mysql', url },
  ),
  migrations: { migrationSource },
};

export default config;
