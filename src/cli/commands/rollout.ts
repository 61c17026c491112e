import { Argument, Command, InvalidArgumentError } from 'commander';
import type { Phase } from '../../vendors/client.ts';
import { readClients } from '../../vendors/client-store.ts';
import { freezeRollouts, liftFreeze } from '../../operations/freeze-rollouts.ts';
import {
  boardView,
  freezeView,
  phaseText,
  phaseView,
  rolloutView,
} from '../../operations/phase-view.ts';
import { gatedRollout, rolloutBoard } from '../../operations/rollout-board.ts';
import type { RecordedPhase } from '../../vendors/phase-store.ts';
import { stepOf } from '../../vendors/rollout-plan.ts';
import { rolloutHistory, rolloutStatus } from '../../vendors/rollout-standing.ts';
import { rolloutRollback, rolloutSet, type RolloutOutcome } from '../../vendors/rollout.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';
import { recordText } from '../output.ts';
import { boardText, freezeText, gateLines } from '../rollout-text.ts';

interface SetOptions {
  readonly percent?: number;
  /** `false`: `--no-user`. */
  readonly user?: readonly string[] | false;
  readonly done?: boolean;
  readonly reason?: string;
  readonly endSessions?: boolean;
}

const VERSION = ['version', 'phase', 'percent', 'pilot_users', 'at', 'actor'];
const HISTORY = ['step', ...VERSION, 'reason', 'restores', 'red_gates'];

/** `rollout set|rollback|status|history|freeze`. It never asks: going back is one command. */
export function rolloutCommand(host: CommandHost): Command {
  const rollout = new Command('rollout').description('which subject the users of a client get');
  rollout
    .command('set')
    .description('put a client into a phase')
    .argument('<client>', 'its client_id')
    .addArgument(new Argument('<phase>', 'phase').choices(['public', 'shadow', 'pairwise']))
    .option('--percent <n>', 'narrow pairwise to this share of users', wholeNumber)
    .option('--user <local-subject...>', 'narrow pairwise to these users, and to the share')
    .option('--no-user', 'beside --percent: let the pilot users go, who otherwise stay in')
    .option('--done', 'say that the rollout is over; with pairwise for everybody')
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
  rollout
    .command('freeze')
    .description('let no client go further until it is lifted; rollbacks stay possible')
    .option('--lift', 'let clients go further again')
    .option('--reason <text>', 'why; kept in the audit log')
    .option('--json', 'print one JSON object')
    .action((options: { lift?: boolean; reason?: string }) => freeze(host, options));
  return rollout;
}

function set(host: CommandHost, id: string, phase: Phase, options: SetOptions): Promise<void> {
  return inWorkspace(host.context, async ({ actor, ...context }) => {
    const { percent, user, done: isDone, reason, endSessions } = options;
    const outcome = await rolloutSet(gatedRollout(context), {
      ...{ clientId: id, phase, actor, percent, isDone, reason, endSessions },
      users: user === false ? [] : user,
    });
    const ended = options.endSessions === true;
    const text = `${said(id, outcome)}${ended ? '; its tokens from before are ended' : ''}`;
    const view = { ...outcomeView(id, outcome), ended_sessions: ended };
    host.output().result(view, [text, ...gatesOf(outcome)].join('\n'));
  });
}

function rollback(
  host: CommandHost,
  id: string,
  { to, reason }: { to?: number; reason?: string },
): Promise<void> {
  return inWorkspace(host.context, async ({ actor, ...context }) => {
    const request = { clientId: id, actor, to, reason };
    const outcome = await rolloutRollback(gatedRollout(context), request);
    const text = [said(id, outcome), ...gatesOf(outcome)].join('\n');
    host.output().result(outcomeView(id, outcome), text);
  });
}

function status(host: CommandHost, id: string | undefined): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest, clock }) => {
    if (id !== undefined) {
      const view = rolloutView(await rolloutStatus({ db, atRest }, id));
      const board = await rolloutBoard({ db, atRest, clock }, id);
      const { gates: _, ...standing } = view;
      const text = `${recordText(standing)}\n\n${boardText(board)}`;
      host.output().result({ ...view, ...boardView(board) }, text);
      return;
    }
    const items = [];
    for (const { client } of await readClients(db, atRest)) {
      items.push(rolloutView(await rolloutStatus({ db, atRest }, client.clientId)));
    }
    host.output().list(items, ['client_id', 'vendor', 'step', ...VERSION, 'previous']);
  });
}

function history(host: CommandHost, id: string): Promise<void> {
  return inWorkspace(host.context, async ({ db }) => {
    host.output().list((await rolloutHistory({ db }, id)).map(versionView), HISTORY);
  });
}

function freeze(
  host: CommandHost,
  { lift, reason }: { lift?: boolean; reason?: string },
): Promise<void> {
  return inWorkspace(host.context, async ({ actor, ...context }) => {
    const operation = lift === true ? liftFreeze : freezeRollouts;
    const done = await operation(context, { actor, reason });
    const view = { ...freezeView(done.freeze), changed: done.changed };
    host.output().result(view, freezeText(done.freeze));
  });
}

function versionView(version: RecordedPhase) {
  const red = version.gates?.filter(({ state }) => state === 'red') ?? [];
  return { ...phaseView(version), step: stepOf(version), red_gates: red.map(({ name }) => name) };
}

function gatesOf({ changed, version }: RolloutOutcome): readonly string[] {
  return changed ? gateLines(version.gates ?? []) : [];
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
