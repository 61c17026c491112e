import { Command, Option } from 'commander';

import { linkSubject } from '../../operations/link-subject.ts';
import { linkSubjects } from '../../operations/link-subjects.ts';
import type { LinkReport } from '../../operations/link-subjects.ts';
import { DEFAULT_GRACE_DAYS } from '../../operations/rotation-request.ts';
import { linkedView, linkFileView } from '../../operations/subject-view.ts';
import { linkRows } from '../../operations/subject-rows.ts';
import type { SubjectFormat } from '../../operations/subject-rows.ts';
import type { Preferred } from '../../subjects/move.ts';
import { confirm } from '../confirm.ts';
import type { Workspace } from '../context.ts';
import { inWorkspace } from '../context.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';
import { progressOn } from '../progress.ts';
import { counted, formatOf, openRows } from '../rows-file.ts';
import { keepHeapSmall } from '../steady-heap.ts';
import { days } from './subject-rotate.ts';

interface LinkOptions {
  readonly user?: string;
  readonly to?: string;
  readonly format?: SubjectFormat;
  readonly prefer?: Preferred;
  readonly grace: number;
  readonly endSessions?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `subject link`. */
export function linkCommand(host: CommandHost): Command {
  return new Command('link')
    .description('let users keep their pseudonyms whom the provider calls otherwise; asks first')
    .argument('[file]', 'CSV or NDJSON with old_local_subject and new_local_subject; - is stdin')
    .option('--user <local-subject>', 'this user alone, by the old sub at the provider')
    .option('--to <local-subject>', 'the new sub of that user')
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices([
        ...['csv', 'ndjson'],
      ]),
    )
    .addOption(
      new Option('--prefer <name>', 'whose pseudonym stays where both have one').choices([
        ...['old', 'new'],
      ]),
    )
    .option('--grace <days>', 'days for which the old name still counts', days, DEFAULT_GRACE_DAYS)
    .option('--end-sessions', 'end the tokens of the user; with a file, of everybody')
    .option('--reason <text>', 'why; recorded, so do not name a user in it')
    .option('--dry-run', 'with a file: look at everything and write nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((file: string | undefined, options: LinkOptions) =>
      inWorkspace(host.context, async (workspace) => {
        const { user, to } = options;
        const isPair = user !== undefined && to !== undefined;
        if (file !== undefined && user === undefined && to === undefined) {
          return linkFile(host, workspace, file, options);
        }
        if (file !== undefined || !isPair) throw incomplete();
        return linkOne(host, workspace, { user, to }, options);
      }),
    );
}

function incomplete(): CommandError {
  return new CommandError({
    code: 'usage',
    message: 'It is not said who is meant.',
    hint: 'Pass --user and --to, or a file.',
    exit: EXIT.usage,
  });
}

async function linkOne(
  host: CommandHost,
  workspace: Workspace,
  { user, to }: { user: string; to: string },
  options: LinkOptions,
): Promise<void> {
  const { grace: graceDays, endSessions = false, prefer, reason, yes } = options;
  await confirm(host.context, yes, 'Make all pseudonyms of this user theirs under the new name?');
  const request = { localSubject: user, to, graceDays, endSessions, prefer };
  const done = await linkSubject(workspace, request, { actor: workspace.actor, reason });
  const { sectors, merged } = done;
  const more = merged === 0 ? '' : `; in ${merged} of them they had another one`;
  host
    .output()
    .result(
      linkedView(done, graceDays),
      done.wasLinked
        ? 'linked before: there is nothing to do'
        : `linked: the user keeps their pseudonym in ${sectors} sectors${more}`,
    );
}

async function linkFile(
  host: CommandHost,
  workspace: Workspace,
  file: string,
  options: LinkOptions,
): Promise<void> {
  const { grace: graceDays, endSessions = false, prefer, reason, yes } = options;
  const dryRun = options.dryRun === true;
  const format = options.format ?? formatOf(file);
  if (!dryRun) {
    await confirm(host.context, yes, `Make the pseudonyms of all users in ${file} theirs anew?`);
  }
  keepHeapSmall();
  const { source, total } = await openRows(host.context, file);
  const progress = progressOn(host.context, total);
  const reading = counted(source);
  let report: LinkReport;
  try {
    report = await linkSubjects(
      workspace,
      {
        ...{ graceDays, endSessions, prefer, dryRun },
        rows: linkRows(reading.source, format),
        onProgress: ({ lastLine }) => progress.at(reading.read(), `line ${lastLine}`),
      },
      { actor: workspace.actor, reason },
    );
  } finally {
    progress.end();
  }
  if (!report.complete) throw badFile(file, report, dryRun);
  const { linked, present, kept, merged } = report;
  host
    .output()
    .result(
      linkFileView(report, dryRun),
      `${linked} users ${dryRun ? 'would be ' : ''}linked, ${present} were linked already; ${kept} pseudonyms kept, ${merged} of users who had two`,
    );
}

function badFile(file: string, report: LinkReport, dryRun: boolean): CommandError {
  const lines = report.problems.map(({ line, wrong }) => `${file}, line ${line}: ${wrong}`);
  const hint = dryRun
    ? 'Nothing was written. Correct these lines.'
    : `Linked up to line ${report.lastLine} (${report.linked} now), nothing behind it. Correct these lines and run it again.`;
  const message = lines.join('\n');
  return new CommandError({ code: 'invalid_file', message, hint, exit: EXIT.failed });
}
