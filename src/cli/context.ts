import { userInfo } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { Config } from '../config/types.ts';
import { loadConfig } from '../config/load.ts';
import type { Logger } from '../observability/logger.ts';
import type { LogLevel } from '../observability/log-level.ts';
import { createLogger } from '../observability/logger.ts';
import { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { openDatabase } from '../database/connection.ts';
import type { Keyring } from '../database/keyring.ts';
import { loadKeyring } from '../database/keyring.ts';
import { migrateUp, schemaState } from '../database/migrations.ts';
import { SchemaError } from '../database/schema-error.ts';

/** What a command line runs in. */
export interface CliContext {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly serve: (config: Config, log: Logger, level: LogLevel) => Promise<number>;
}

/** What a command that works on the database gets. */
export interface Workspace {
  readonly config: Config;
  readonly db: Connection;
  readonly keyring: Keyring;
  readonly atRest: AtRest;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Who acts, for records: the operating system's user, or whoever became it. */
  readonly actor: string;
}

/** The logger of a command: to stderr, so that stdout stays what was asked for. */
function commandLogger(context: CliContext, config: Config): Logger {
  return createLogger({ level: config.logLevel, destination: context.stderr });
}

/** Opens the database for one command, with its schema checked, and closes it afterwards. */
export async function inWorkspace<T>(
  context: CliContext,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const config = loadConfig(context.environment);
  const db = openDatabase(config.database);
  try {
    if (config.database.dialect === 'sqlite') await migrateUp(db);
    const state = await schemaState(db);
    if (state !== 'current') throw new SchemaError(state);
    const keyring = await loadKeyring(db, config.secrets);
    return await work({
      ...{ config, db, keyring },
      atRest: new AtRest(keyring.storage),
      log: commandLogger(context, config),
      clock: () => new Date(),
      actor: `cli:${context.environment['SUDO_USER'] ?? context.environment['USER'] ?? userInfo().username}`,
    });
  } finally {
    await db.destroy();
  }
}
