import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Connection } from '../../database/connection.ts';
import { openDatabase } from '../../database/connection.ts';
import { migrateDown, migrateUp, migrationStatus, schemaState } from '../../database/migrations.ts';
import { noteRestore } from '../../operations/note-restore.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

/** `migrate up|down|status|restored`. */
export function migrateCommand(host: CommandHost): Command {
  const migrate = new Command('migrate').description('change the database schema');
  migrate
    .command('up')
    .description('apply every migration that is missing')
    .option('--json', 'print one JSON object')
    .action(() =>
      onDatabase(host, async (db) => {
        const applied = await migrateUp(db);
        host.output().result({ applied }, said('applied', applied));
      }),
    );
  migrate
    .command('down')
    .description('take back the newest migration; what it held is lost')
    .option('--json', 'print one JSON object')
    .option('--yes', 'do not ask')
    .action((options: { yes?: boolean }) =>
      onDatabase(host, async (db) => {
        await confirm(
          host.context,
          options.yes,
          'Take back the newest migration and lose what it holds?',
        );
        const reverted = await migrateDown(db);
        host.output().result({ reverted }, said('reverted', reverted));
      }),
    );
  migrate
    .command('status')
    .description('say where the schema stands')
    .option('--json', 'print one JSON object')
    .action(() =>
      onDatabase(host, async (db) => {
        const { done: applied, pending, unknown } = await migrationStatus(db);
        const state = await schemaState(db);
        const text = `schema ${state}: ${applied.length} applied, ${pending.length} pending`;
        host.output().result({ state, applied, pending, unknown }, text);
      }),
    );
  migrate
    .command('restored')
    .description('say that the database came from a backup, so that newer tokens can be ended')
    .option('--end-sessions', 'end the tokens of all clients')
    .option('--reason <text>', 'why; kept in the audit log')
    .option('--json', 'print one JSON object')
    .action((options: { endSessions?: boolean; reason?: string }) =>
      inWorkspace(host.context, async ({ actor, ...context }) => {
        const endSessions = options.endSessions === true;
        const by = { actor, reason: options.reason };
        const { position } = await noteRestore(context, { endSessions }, by);
        const ended = endSessions ? '; the tokens of all clients are ended' : '';
        const view = { position, ended_sessions: endSessions };
        host.output().result(view, `the change log goes on at ${position}${ended}`);
      }),
    );
  return migrate;
}

async function onDatabase(host: CommandHost, work: (db: Connection) => Promise<void>) {
  const db = openDatabase(loadConfig(host.context.environment).database);
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}

function said(verb: string, names: readonly string[]): string {
  return names.length === 0 ? 'nothing to do' : `${verb} ${names.join(', ')}`;
}
