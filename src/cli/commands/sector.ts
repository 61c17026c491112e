import { Command, InvalidArgumentError } from 'commander';

import { linkSectors } from '../../operations/link-sectors.ts';
import { listSectors } from '../../operations/list-sectors.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { planLink } from '../../operations/sector-link-plan.ts';
import {
  linkedSectorsView,
  linkQuestion,
  sectorLinkView,
  unlinkedSectorsView,
  unlinkQuestion,
} from '../../operations/sector-view.ts';
import { planUnlink, unlinkSectors } from '../../operations/unlink-sectors.ts';
import { confirm } from '../confirm.ts';
import type { Workspace } from '../context.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';
import { days } from './subject-rotate.ts';

interface Common {
  readonly grace: number;
  readonly endSessions?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

interface LinkOptions extends Common {
  readonly into: string;
  readonly vendor: readonly string[];
  readonly keep?: string;
}

interface UnlinkOptions extends Common {
  readonly keepSubjects?: boolean;
}

const COLUMNS = ['sector', 'vendor', 'clients', 'linked_into', 'link_state'];

/** `sector list|link|unlink`. */
export function sectorCommand(host: CommandHost): Command {
  const sector = new Command('sector').description('which clients know a user by the same subject');
  sector
    .command('list')
    .description('list the sectors, whose they are, and what they are linked into')
    .option('--json', 'print one JSON object')
    .action(() =>
      inWorkspace(host.context, async (workspace) => {
        const items = (await listSectors(workspace)).map((one) => ({
          ...{ sector: one.sector, vendor: one.vendorId, clients: one.clients },
          ...sectorLinkView(one),
        }));
        host.output().list(items, COLUMNS);
      }),
    );
  const link = sector
    .command('link')
    .description('let the clients of a sector use the subjects of another one; asks first')
    .argument('<sector>', 'the sector that is linked')
    .requiredOption('--into <sector>', 'the one whose subjects are used')
    .option('--vendor <vendor>', 'both, where the sectors are those of two', collected, [])
    .option('--keep <sector>', 'whose subject users keep who have both (default: that of --into)');
  common(link, 'days for which the other one resolves').action(
    (name: string, options: LinkOptions) =>
      inWorkspace(host.context, (workspace) => linked(host, workspace, name, options)),
  );
  const unlink = sector
    .command('unlink')
    .description('give a linked sector subjects of its own again; asks first')
    .argument('<sector>', 'the sector that was linked')
    .option('--keep-subjects', 'users whom both know keep the same subject in both');
  common(unlink, 'days for which the former ones resolve').action(
    (name: string, options: UnlinkOptions) =>
      inWorkspace(host.context, (workspace) => unlinked(host, workspace, name, options)),
  );
  return sector;
}

function common(command: Command, grace: string): Command {
  return command
    .option('--grace <days>', grace, days, DEFAULT_GRACE_DAYS)
    .option('--end-sessions', 'end the tokens of the clients when everybody had their turn')
    .option('--reason <text>', 'why; recorded')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object');
}

async function linked(
  host: CommandHost,
  workspace: Workspace,
  sector: string,
  options: LinkOptions,
): Promise<void> {
  const { into, vendor: vendors, grace: graceDays, endSessions = false, reason } = options;
  const keep = keptOf(options.keep, { sector, into });
  const plan = await planLink(workspace.db, { sector, into, vendors });
  await confirm(host.context, options.yes, linkQuestion(plan));
  const onProgress = progress(host, plan.users);
  const request = { sector, into, vendors, keep, graceDays, endSessions, onProgress };
  const done = await linkSectors(workspace, request, { actor: workspace.actor, reason });
  const { carried, merged } = done;
  const text = done.wasLinked
    ? `${sector} was linked into ${into} already`
    : `${sector} is linked into ${into}; users carried over: ${carried}, of whom ${merged} had a subject in both`;
  host.output().result(linkedSectorsView(done), `${text}${interrupted(done)}`);
}

async function unlinked(
  host: CommandHost,
  workspace: Workspace,
  sector: string,
  options: UnlinkOptions,
): Promise<void> {
  const { grace: graceDays, endSessions = false, reason, keepSubjects: keep = false } = options;
  const plan = await planUnlink(workspace.db, sector);
  await confirm(host.context, options.yes, unlinkQuestion(plan, keep));
  const onProgress = progress(host, plan.users);
  const request = { sector, keep, graceDays, endSessions, onProgress };
  const done = await unlinkSectors(workspace, request, { actor: workspace.actor, reason });
  const shared = done.kept
    ? `users who keep the same in both, and can still be told to be the same: ${done.shared}`
    : `users whom both know, with a new one in it: ${done.shared}`;
  const text = `${sector} has subjects of its own, apart from ${done.from}; ${shared}`;
  host.output().result(unlinkedSectorsView(done), `${text}${interrupted(done)}`);
}

function interrupted({ resumed }: { readonly resumed: boolean }): string {
  return resumed ? '; what had been interrupted is complete' : '';
}

function progress({ context: { argv, stderr } }: CommandHost, users: number) {
  return (done: number): void => {
    if (!argv.includes('--json')) stderr.write(`\r${done} of ${users}${done >= users ? '\n' : ''}`);
  };
}

function keptOf(
  keep: string | undefined,
  { sector, into }: { readonly sector: string; readonly into: string },
): 'linked' | 'into' {
  if (keep === undefined || keep === into) return 'into';
  if (keep === sector) return 'linked';
  throw new InvalidArgumentError(`--keep is one of the two sectors: ${sector} or ${into}`);
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
