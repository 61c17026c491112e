import { once } from 'node:events';
import { Command, Option } from 'commander';
import { exportMapping } from '../../operations/export-mapping.ts';
import type { SubjectFormat } from '../../operations/subject-rows.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

interface MappingOptions {
  readonly format: SubjectFormat;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `client mapping`: the old and the new subjects, for a vendor that has the old ones. */
export function mappingCommand(host: CommandHost): Command {
  return new Command('mapping')
    .description('print the original and the new subject of users whom the vendor has; asks first')
    .argument('<client>', 'its client_id')
    .addOption(
      new Option('--format <format>', 'of what is printed')
        .choices(['csv', 'ndjson'])
        .default('csv'),
    )
    .option('--reason <text>', 'why; recorded')
    .option('--yes', 'do not ask')
    .action((clientId: string, options: MappingOptions) => print(host, clientId, options));
}

function print(
  host: CommandHost,
  clientId: string,
  { format, reason, yes }: MappingOptions,
): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const question =
      `Print original subjects of users of "${clientId}" beside their pseudonyms? ` +
      'Whoever reads it can tell who they are; it is for the vendor that has the old ones.';
    await confirm(host.context, yes, question);
    const { stdout } = host.context;
    const by = { actor: workspace.actor, reason };
    if (format === 'csv') stdout.write('local_subject,sub\n');
    for await (const page of exportMapping(workspace, clientId, by)) {
      const lines = page.map(({ localSubject, sub }) =>
        format === 'csv'
          ? `${cell(localSubject)},${cell(sub)}\n`
          : `${JSON.stringify({ local_subject: localSubject, sub })}\n`,
      );
      if (!stdout.write(lines.join(''))) await once(stdout, 'drain');
    }
  });
}

/** RFC 4180 2. */
function cell(value: string): string {
  return /[",\r\n]/.test(value) || value.trim() !== value
    ? `"${value.replaceAll('"', '""')}"`
    : value;
}
