import { Command } from 'commander';
import { rotateSalt, saltStatus } from '../../operations/salt-rotation.ts';
import { saltView } from '../../operations/subject-view.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { Salts } from '../../subjects/salts/store.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import type { Workspace } from '../context.ts';
import type { CommandHost } from '../host.ts';
import { days } from './subject-rotate.ts';

interface RotateOptions {
  readonly grace: number;
  readonly reason?: string;
  readonly yes?: boolean;
}

const COLUMNS = ['version', 'state', 'pseudonyms', 'created_at', 'retired_at', 'destroy_after'];

/** `salt rotate|status`. */
export function saltCommand(host: CommandHost): Command {
  const salt = new Command('salt').description('what first pseudonyms are derived from');
  salt
    .command('rotate')
    .description('derive the pseudonyms of new users from a new salt; asks first')
    .option('--grace <days>', 'days until the old one is destroyed', days, DEFAULT_GRACE_DAYS)
    .option('--reason <text>', 'why; recorded')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((options: RotateOptions) =>
      inWorkspace(host.context, (workspace) => rotate(host, workspace, options)),
    );
  salt
    .command('status')
    .description('list the versions, and how many pseudonyms were derived from each')
    .option('--json', 'print one JSON object')
    .action(() =>
      inWorkspace(host.context, async ({ db }) => {
        const items = (await saltStatus({ db })).map(saltView);
        host.output().list(items, COLUMNS);
      }),
    );
  return salt;
}

async function rotate(
  host: CommandHost,
  workspace: Workspace,
  { grace: graceDays, reason, yes }: RotateOptions,
): Promise<void> {
  const { db, atRest, clock, config, actor } = workspace;
  const question = 'Derive new pseudonyms from a new salt? Those that are there stay.';
  await confirm(host.context, yes, question);
  const { pseudonymAlgorithm: algorithm, secrets } = config;
  // Version 1 is the configured one, also in a database that no replica has served yet.
  await Salts.open({ db, atRest, clock, algorithm, pairwiseSalt: secrets.pairwiseSalt });
  const done = await rotateSalt(workspace, { graceDays, algorithm }, { actor, reason });
  const until = done.destroyAfter.toISOString();
  host
    .output()
    .result(
      { version: done.version, previous_destroyed_after: done.destroyAfter },
      `version ${done.version} is active; the version before is destroyed after ${until}`,
    );
}
