import { Command } from 'commander';
import { exportSubject } from '../../operations/export-subject.ts';
import { eraseSubject } from '../../operations/erase-subject.ts';
import { listSubject } from '../../operations/list-subject.ts';
import { lookupSubject } from '../../operations/lookup-subject.ts';
import { heldView } from '../../operations/subject-view.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';
import { importCommand } from './subject-import.ts';
import { linkCommand } from './subject-link.ts';
import { rotateCommand } from './subject-rotate.ts';

interface LookupOptions {
  readonly client: string;
  readonly reason?: string;
}

interface UserOptions {
  readonly user: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

const COLUMNS = ['sector', 'vendor', 'sub', 'generation', 'created_at', 'grace_until'];

/** `subject lookup|list|export|erase|rotate|import|link`. */
export function subjectCommand(host: CommandHost): Command {
  const subject = new Command('subject').description('the users behind the subjects');
  subject
    .command('lookup')
    .description('say which local subject is behind a pseudonym; every lookup is recorded')
    .argument('<sub>', 'the pseudonym; put -- before one that begins with a dash')
    .requiredOption('--client <client>', 'the client that was given it')
    .option('--reason <text>', 'why it is looked up; recorded')
    .option('--json', 'print one JSON object')
    .action((sub: string, options: LookupOptions) => lookup(host, sub, options));
  subject
    .command('list')
    .description('list the pseudonyms of a user at every vendor; recorded')
    .requiredOption('--user <local-subject>', 'the user’s sub at the provider')
    .option('--reason <text>', 'why; recorded, so do not name the user in it')
    .option('--json', 'print one JSON object')
    .action((options: UserOptions) => list(host, options));
  subject
    .command('export')
    .description('print all that is held on a user, as JSON; recorded')
    .requiredOption('--user <local-subject>', 'the user’s sub at the provider')
    .option('--reason <text>', 'why; recorded, so do not name the user in it')
    .option('--json', 'print one JSON object on one line')
    .action((options: UserOptions) => exported(host, options));
  subject
    .command('erase')
    .description('erase a user in every sector; asks first')
    .requiredOption('--user <local-subject>', 'the user’s sub at the provider')
    .option('--reason <text>', 'why; recorded for ever, so do not name the user in it')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((options: UserOptions) => erase(host, options));
  subject.addCommand(rotateCommand(host));
  subject.addCommand(importCommand(host));
  subject.addCommand(linkCommand(host));
  return subject;
}

function lookup(host: CommandHost, sub: string, options: LookupOptions): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { client: clientId, reason } = options;
    const by = { actor: workspace.actor, reason };
    const { sector, localSubject } = await lookupSubject(workspace, { clientId, sub }, by);
    if (localSubject === undefined) {
      throw new CommandError({
        code: 'unknown',
        message: `No user of the sector "${sector}" has this pseudonym, or had it within its grace.`,
        hint: 'Pseudonyms are case-sensitive, and differ from sector to sector.',
        exit: EXIT.failed,
      });
    }
    const found = { client_id: clientId, sector, local_subject: localSubject };
    host.output().result(found, localSubject);
  });
}

function list(host: CommandHost, { user, reason }: UserOptions): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const held = await listSubject(workspace, user, { actor: workspace.actor, reason });
    const isShared = held.some(({ linkedSectors }) => linkedSectors.length > 0);
    host.output().list(held.map(heldView), isShared ? [...COLUMNS, 'linked_sectors'] : COLUMNS);
  });
}

function exported(host: CommandHost, { user, reason }: UserOptions): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const all = await exportSubject(workspace, user, { actor: workspace.actor, reason });
    host.output().result({ ...all }, JSON.stringify(all, undefined, 2));
  });
}

function erase(host: CommandHost, { user, reason, yes }: UserOptions): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const question =
      'Erase this user at every vendor? Their pseudonyms cannot be had again, and their tokens end.';
    await confirm(host.context, yes, question);
    const done = await eraseSubject(workspace, user, { actor: workspace.actor, reason });
    const { sectors, pseudonyms, sessions, auditPosition } = done;
    const proof = `audit log position ${auditPosition}, erasure ${done.id}`;
    const text = done.erased
      ? `erased: ${pseudonyms} pseudonyms and ${sessions} sessions in ${sectors} sectors; ${proof}`
      : `nothing was held on this user; ${proof}`;
    host.output().result(
      {
        ...{ erasure: done.id, erased: done.erased, sectors, pseudonyms, sessions },
        ...{ audit_position: auditPosition, at: done.at },
      },
      text,
    );
  });
}
