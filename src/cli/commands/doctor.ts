import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Finding, Report } from '../../doctor/finding.ts';
import { EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';

/** `doctor`: looks at what a working proxy needs, and says what it found. */
export function doctorCommand(host: CommandHost): Command {
  return new Command('doctor')
    .description('check the configuration, the database, the upstream and each login')
    .option('--json', 'print one JSON object')
    .action(async () => {
      // The other commands start without all that a login needs.
      const { examine } = await import('../../doctor/examine.ts');
      const report = await examine(loadConfig(host.context.environment), () => new Date());
      const { level, findings: items } = report;
      host.output().result({ level, items, next: null }, described(report));
      if (report.databaseFailed) host.exitWith(EXIT.database);
      else if (level === 'problem') host.exitWith(EXIT.found);
    });
}

function described({ findings }: Report): string {
  const count = (level: Finding['level']) =>
    findings.filter((finding) => finding.level === level).length;
  const lines = findings.map(({ level, name, client, message, hint }) => {
    const what = client === undefined ? name : `${name} (${client})`;
    const line = `${level.padEnd(7)}  ${what}: ${message}`;
    return hint === undefined ? line : `${line}\n${' '.repeat(9)}→ ${hint}`;
  });
  return [...lines, `problems: ${count('problem')}, warnings: ${count('warning')}`].join('\n');
}
