import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { PseudonymAlgorithm } from '../../config/types.ts';
import { preparedImport } from '../../operations/import-settings.ts';
import type { ForeignSalt } from '../../operations/import-settings.ts';
import { importSubjects } from '../../operations/import-subjects.ts';
import type { ImportReport } from '../../operations/import-subjects.ts';
import { subjectRows } from '../../operations/subject-rows.ts';
import type { SubjectFormat } from '../../operations/subject-rows.ts';
import { importView } from '../../operations/subject-view.ts';
import { inWorkspace } from '../context.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';
import { progressOn } from '../progress.ts';
import { keepHeapSmall } from '../steady-heap.ts';
import { counted, formatOf, openRows, unreadable } from '../rows-file.ts';

interface ImportOptions {
  readonly client?: string;
  readonly sector?: string;
  readonly format?: SubjectFormat;
  readonly known?: boolean;
  readonly algorithm?: Exclude<PseudonymAlgorithm, 'random'>;
  readonly saltFile?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** `subject import`. */
export function importCommand(host: CommandHost): Command {
  return new Command('import')
    .description('give users of a file their pseudonyms; run it again after whatever happened')
    .argument(
      '<file>',
      'CSV or NDJSON with local_subject and, where brought along, sub; - is stdin',
    )
    .addOption(new Option('--client <client>', 'in the sector of this client'))
    .addOption(new Option('--sector <sector>', 'in this sector').conflicts('client'))
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices([
        ...['csv', 'ndjson'],
      ]),
    )
    .option('--known', 'the vendor has these users by their original subject already')
    .addOption(
      new Option('--algorithm <algorithm>', 'derive as another system did').choices([
        ...['hmac-sha256', 'oidc-sha256'],
      ]),
    )
    .option('--salt-file <file>', 'the salt of that system')
    .option('--reason <text>', 'why; recorded, so do not name a user in it')
    .option('--dry-run', 'look at everything and write nothing')
    .option('--json', 'print one JSON object')
    .action((file: string, options: ImportOptions) => run(host, file, options));
}

function run(host: CommandHost, file: string, options: ImportOptions): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const format = options.format ?? formatOf(file);
    const { pseudonymAlgorithm: algorithm, secrets } = workspace.config;
    const own = { ...workspace, algorithm, pairwiseSalt: secrets.pairwiseSalt };
    const prepared = await preparedImport(own, {
      ...{ place: options, known: options.known === true },
      foreign: await foreignSalt(options),
    });
    keepHeapSmall();
    const { source, total } = await openRows(host.context, file);
    const progress = progressOn(host.context, total);
    const reading = counted(source);
    const dryRun = options.dryRun === true;
    const { actor } = workspace;
    let report: ImportReport;
    try {
      report = await importSubjects(
        workspace,
        {
          ...{ ...prepared, dryRun },
          rows: subjectRows(reading.source, format),
          onProgress: ({ lastLine }) => progress.at(reading.read(), `line ${lastLine}`),
        },
        { actor, reason: options.reason },
      );
    } finally {
      progress.end();
    }
    if (!report.complete) throw badFile(file, report, dryRun);
    const { sector } = prepared;
    host.output().result(importView(sector, report, dryRun), said(sector, report, dryRun));
  });
}

async function foreignSalt(options: ImportOptions): Promise<ForeignSalt | undefined> {
  const { algorithm, saltFile } = options;
  if (algorithm === undefined && saltFile === undefined) return undefined;
  if (algorithm === undefined || saltFile === undefined) {
    throw usage('--algorithm and --salt-file go together.', 'Pass both, or neither.');
  }
  try {
    return { algorithm, text: (await readFile(saltFile, 'utf8')).replace(/\r?\n$/, '') };
  } catch (error) {
    throw unreadable(saltFile, error);
  }
}

function said(sector: string, { created, present, erased }: ImportReport, dryRun: boolean): string {
  const would = dryRun ? 'would be ' : '';
  const left = erased === 0 ? '' : `; ${erased} left out, who were erased`;
  return `${sector}: ${created} ${would}imported, ${present} were there already${left}`;
}

function badFile(file: string, report: ImportReport, dryRun: boolean): CommandError {
  const lines = report.problems.map(({ line, wrong }) => `${file}, line ${line}: ${wrong}`);
  const kept = dryRun
    ? 'Nothing was written. Correct these lines.'
    : `Imported up to line ${report.lastLine} (${report.created} new), nothing behind it. Correct these lines and run it again.`;
  const message = lines.join('\n');
  return new CommandError({ code: 'invalid_file', message, hint: kept, exit: EXIT.failed });
}

function usage(message: string, hint: string): CommandError {
  return new CommandError({ code: 'usage', message, hint, exit: EXIT.usage });
}
