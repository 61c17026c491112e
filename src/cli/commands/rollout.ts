import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Phase } from '../../vendors/client.ts';
import { readClients } from '../../vendors/client-store.ts';
import type { RolloutOutcome } from '../../vendors/rollout.ts';
import {
  rolloutHistory,
  rolloutRollback,
  rolloutSet,
  rolloutStatus,
} from '../../vendors/rollout.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';
import { phaseText, phaseView, rolloutView } from '../../operations/phase-view.ts';

interface SetOptions {
  readonly percent?: number;
  readonly user?: readonly string[];
  readonly reason?: string;
  readonly endSessions?: boolean;
}

const HISTORY = ['version', 'phase', 'percent', 'pilot_users', 'at', 'actor', 'reason', 'restores'];

/** `rollout set|rollback|status|history`. It never asks: going back is one command. */
export function rolloutCommand(host: CommandHost): Command {
  const rollout = new Command('rollout').description('which subject the users of a client get');
  rollout
    .command('set')
    .description('put a client into a phase')
    .argument('<client>', 'its client_id')
    .addArgument(new Argument('<phase>', 'phase').choices(['public', 'shadow', 'pairwise']))
    .option('--percent <n>', 'narrow pairwise to this share of users', wholeNumber)
    .option('--user <local-subject...>', 'narrow pairwise to these users, and to the share')
    .option('--end-sessions', 'end the tokens that were issued before')
    .option('--reason <text>', 'why; kept with the version')
    .option('--json', 'print one JSON object')
    .action((id: string, phase: Phase, options: SetOptions) => set(host, id, phase, options));
  rollout
    .command('rollback')
    .description('restore the version before; again goes further back')
    .argument('<client>', 'its client_id')
    .option('--to <n>', 'restore this version', wholeNumber)
    .option('--reason <text>', 'why; kept with the version')
    .option('--json', 'print one JSON object')
    .action((id: string, options: { to?: number; reason?: string }) => rollback(host, id, options));
  rollout
    .command('status')
    .description('say where a client stands, or all of them')
    .argument('[client]', 'its client_id')
    .option('--json', 'print one JSON object')
    .action((id: string | undefined) => status(host, id));
  rollout
    .command('history')
    .description('list the recorded versions, newest first')
    .argument('<client>', 'its client_id')
    .option('--json', 'print one JSON object')
    .action((id: string) => history(host, id));
  return rollout;
}

function set(host: CommandHost, id: string, phase: Phase, options: SetOptions): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest, keyring, clock, actor }) => {
    const outcome = await rolloutSet(
      { db, atRest, clock, indexRoot: keyring.index },
      {
        ...{ clientId: id, phase, actor },
        percent: options.percent,
        users: options.user,
        reason: options.reason,
        endSessions: options.endSessions,
      },
    );
    const ended = options.endSessions === true;
    const text = `${said(id, outcome)}${ended ? '; its tokens from before are ended' : ''}`;
    host.output().result({ ...outcomeView(id, outcome), ended_sessions: ended }, text);
  });
}

function rollback(
  host: CommandHost,
  id: string,
  { to, reason }: { to?: number; reason?: string },
): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest, keyring, clock, actor }) => {
    const outcome = await rolloutRollback(
      { db, atRest, clock, indexRoot: keyring.index },
      { clientId: id, actor, to, reason },
    );
    host.output().result(outcomeView(id, outcome), said(id, outcome));
  });
}

function status(host: CommandHost, id: string | undefined): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest }) => {
    if (id !== undefined) {
      host.output().record(rolloutView(await rolloutStatus({ db, atRest }, id)));
      return;
    }
    const items = [];
    for (const { client } of await readClients(db, atRest)) {
      items.push(rolloutView(await rolloutStatus({ db, atRest }, client.clientId)));
    }
    host.output().list(items, ['client_id', 'vendor', ...HISTORY.slice(0, 6), 'previous']);
  });
}

function history(host: CommandHost, id: string): Promise<void> {
  return inWorkspace(host.context, async ({ db }) => {
    host.output().list((await rolloutHistory({ db }, id)).map(phaseView), HISTORY);
  });
}

function outcomeView(id: string, { version, changed }: RolloutOutcome) {
  return { client_id: id, changed, ...phaseView(version) };
}

function said(id: string, { version, changed }: RolloutOutcome): string {
  return changed ? `${id} is now ${phaseText(version)}` : `${id} is already ${phaseText(version)}`;
}

function wholeNumber(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Give a whole number.');
}
