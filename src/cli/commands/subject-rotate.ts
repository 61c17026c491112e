import { Command, InvalidArgumentError, Option } from 'commander';
import { rotateSubject } from '../../operations/rotate-subject.ts';
import { rotateSubjects } from '../../operations/rotate-subjects.ts';
import {
  DEFAULT_GRACE_DAYS,
  scopeText,
  sectorOfClient,
  sectorsOf,
  usersIn,
} from '../../operations/rotation-request.ts';
import { rotatedManyView, rotatedView } from '../../operations/subject-view.ts';
import type { RotationScope } from '../../operations/rotation-request.ts';
import { confirm } from '../confirm.ts';
import type { Workspace } from '../context.ts';
import { inWorkspace } from '../context.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';

interface RotateOptions {
  readonly user?: string;
  readonly client?: string;
  readonly sector?: string;
  readonly vendor?: string;
  readonly all?: boolean;
  readonly grace: number;
  readonly endSessions?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `subject rotate`. */
export function rotateCommand(host: CommandHost): Command {
  return new Command('rotate')
    .description('give users new pseudonyms from now on; asks first')
    .addOption(new Option('--client <client>', 'in the sector of this client'))
    .addOption(new Option('--sector <sector>', 'in this sector').conflicts('client'))
    .addOption(
      new Option('--vendor <vendor>', 'in every sector of this vendor').conflicts([
        ...['client', 'sector', 'user'],
      ]),
    )
    .addOption(
      new Option('--all', 'in every sector').conflicts(['client', 'sector', 'vendor', 'user']),
    )
    .option('--user <local-subject>', 'this user alone, by their sub at the provider')
    .option('--grace <days>', 'days for which the old ones resolve', days, DEFAULT_GRACE_DAYS)
    .option('--end-sessions', 'end the tokens that have the old ones')
    .option('--reason <text>', 'why; recorded, so do not name the user in it')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((options: RotateOptions) =>
      inWorkspace(host.context, async (workspace) => {
        const scope = await scopeOf(workspace, options);
        if (options.user === undefined) return rotateMany(host, workspace, scope, options);
        if (!('sector' in scope)) throw incomplete();
        return rotateOne(host, workspace, { ...scope, user: options.user }, options);
      }),
    );
}

async function scopeOf({ db }: Workspace, options: RotateOptions): Promise<RotationScope> {
  if (options.client !== undefined) return { sector: await sectorOfClient(db, options.client) };
  if (options.sector !== undefined) return { sector: options.sector };
  if (options.vendor !== undefined) return { vendorId: options.vendor };
  if (options.all === true) return { all: true };
  throw incomplete();
}

function incomplete(): CommandError {
  return new CommandError({
    code: 'usage',
    message: 'It is not said whose pseudonyms are meant.',
    hint: 'Pass --client, --sector, --vendor or --all; with --client or --sector also --user.',
    exit: EXIT.usage,
  });
}

async function rotateOne(
  host: CommandHost,
  workspace: Workspace,
  { sector, user }: { sector: string; user: string },
  options: RotateOptions,
): Promise<void> {
  await confirm(host.context, options.yes, `Give this user a new pseudonym in ${sector}?`);
  const { grace: graceDays, endSessions = false, reason } = options;
  const request = { sector, localSubject: user, graceDays, endSessions };
  const done = await rotateSubject(workspace, request, { actor: workspace.actor, reason });
  const until = done.graceUntil.toISOString();
  host
    .output()
    .result(
      rotatedView(done, endSessions),
      `${done.newSub} took the place of ${done.oldSub}, which resolves until ${until}`,
    );
}

async function rotateMany(
  host: CommandHost,
  workspace: Workspace,
  scope: RotationScope,
  options: RotateOptions,
): Promise<void> {
  const users = await usersIn(workspace.db, await sectorsOf(workspace.db, scope));
  const question = `Give ${users} users of ${scopeText(scope)} new pseudonyms?`;
  await confirm(host.context, options.yes, question);
  const { grace: graceDays, endSessions = false, reason } = options;
  const { stderr, argv } = host.context;
  const onProgress = (rotated: number): void => {
    if (!argv.includes('--json')) stderr.write(`\r${rotated} of ${users}`);
  };
  const request = { scope, graceDays, endSessions, onProgress };
  const done = await rotateSubjects(workspace, request, { actor: workspace.actor, reason });
  if (done.rotated > 0 && !argv.includes('--json')) stderr.write('\n');
  const how = done.resumed ? '; a rotation that had been interrupted is complete' : '';
  host
    .output()
    .result(
      rotatedManyView(done),
      `${done.rotated} pseudonyms of ${done.scope} rotated, with ${done.graceDays} days of grace${how}`,
    );
}

/** Days as an option gives them. */
export function days(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Give a whole number of days.');
}
