import { Command } from 'commander';
import { orUnavailable } from '../../database/connection.ts';
import { findLocalSubject } from '../../subjects/store.ts';
import { readClient } from '../../vendors/client-store.ts';
import { inWorkspace } from '../context.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';
import { importCommand } from './subject-import.ts';

interface LookupOptions {
  readonly client: string;
  readonly reason?: string;
}

/** `subject lookup`. */
export function subjectCommand(host: CommandHost): Command {
  const subject = new Command('subject').description('the users behind the subjects');
  subject
    .command('lookup')
    .description('say which local subject is behind a pseudonym; every lookup is logged')
    .argument('<sub>', 'the pseudonym; put -- before one that begins with a dash')
    .requiredOption('--client <client>', 'the client that was given it')
    .option('--reason <text>', 'why it is looked up; logged')
    .option('--json', 'print one JSON object')
    .action((sub: string, options: LookupOptions) => lookup(host, sub, options));
  subject.addCommand(importCommand(host));
  return subject;
}

function lookup(host: CommandHost, sub: string, options: LookupOptions): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest, log, actor, clock }) => {
    const { client } = await readClient(db, atRest, options.client);
    const { clientId, sector } = client;
    const found = await orUnavailable(() => findLocalSubject(db, atRest, sector, sub, clock()));
    // The log names the pseudonym alone: with the local subject it would be a mapping table.
    log.warn(
      {
        event: 'subject_lookup',
        ...{ clientId, sector, sub, actor },
        found: found !== undefined,
        ...(options.reason !== undefined && { reason: options.reason }),
      },
      'a pseudonym was looked up',
    );
    if (found === undefined) {
      throw new CommandError({
        code: 'unknown',
        message: `No user of the sector "${sector}" has or had this pseudonym.`,
        hint: 'Pseudonyms are case-sensitive, and differ from sector to sector.',
        exit: EXIT.failed,
      });
    }
    host.output().result({ client_id: clientId, sector, local_subject: found }, found);
  });
}
