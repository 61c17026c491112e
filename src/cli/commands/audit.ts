import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { AUDIT_ACTS } from '../../audit/acts.ts';
import type { ChainHead } from '../../audit/entry.ts';
import { headText, readHeadText } from '../../audit/head-text.ts';
import type { AuditFilter } from '../../audit/read-store.ts';
import { eachAudit, listAudit } from '../../audit/read-store.ts';
import type { Verification } from '../../audit/verify.ts';
import { verifyAudit } from '../../audit/verify.ts';
import { inWorkspace } from '../context.ts';
import { EXIT } from '../failure.ts';
import type { CommandHost } from '../host.ts';
import { auditView, exportedAudit } from '../../operations/audit-view.ts';

interface ListOptions extends AuditFilter {
  readonly limit: number;
  readonly cursor?: number;
}

const COLUMNS = ['position', 'at', 'act', 'actor', 'target', 'handle', 'reason', 'details'];

/** `audit list|verify|export`. */
export function auditCommand(host: CommandHost): Command {
  const audit = new Command('audit').description(
    'what was done, by whom, and whether that is true',
  );
  withFilters(audit.command('list').description('list what was done, newest first'))
    .option('--limit <n>', 'at most so many', limit, 50)
    .option('--cursor <cursor>', 'go on where a list ended: its `next`', position)
    .option('--json', 'print one JSON object')
    .action((options: ListOptions) => list(host, options));
  audit
    .command('verify')
    .description(
      'find every row that was changed, removed, added or moved; exit 5 where there is one',
    )
    .option(
      '--head <head>',
      'a head that was printed before, which the log must still contain',
      head,
    )
    .option('--json', 'print one JSON object')
    .action((options: { head?: ChainHead }) => verify(host, options.head));
  withFilters(audit.command('export').description('print the log, oldest first, one JSON a line'))
    .option('--json', 'the same: each line is a JSON object')
    .action((options: AuditFilter) => exportRows(host, options));
  return audit;
}

function withFilters(command: Command): Command {
  return command
    .option('--act <act>', 'of this act, or of those that begin so: security.*', act)
    .option('--actor <actor>', 'done by: cli:USER, token:NAME, client:ID, user or system')
    .option('--target <target>', 'done to this client, vendor, sector or key')
    .option('--handle <handle>', 'about the user of this handle')
    .option('--since <time>', 'at this time or later, as in 2026-11-23 or 2026-11-23T08:00Z', time)
    .option('--until <time>', 'before this time', time);
}

function list(host: CommandHost, { limit: most, cursor, ...filter }: ListOptions): Promise<void> {
  return inWorkspace(host.context, async ({ db }) => {
    // One more than asked for tells whether there is another page.
    const records = await listAudit(db, filter, { limit: most + 1, before: cursor });
    const page = records.slice(0, most);
    const next = records.length > most ? String(page.at(-1)?.position) : null;
    host.output().list(page.map(auditView), COLUMNS, next);
  });
}

function verify(host: CommandHost, anchor: ChainHead | undefined): Promise<void> {
  return inWorkspace(host.context, async ({ db }) => {
    const result = await verifyAudit(db, anchor);
    const { intact, rows, segments, damages: items, found } = result;
    const told = { intact, head: headText(result.head), rows, segments, found };
    host.output().result({ ...told, items, next: null }, described(result));
    if (!intact) host.exitWith(EXIT.found);
  });
}

function described({ intact, head: at, rows, segments, damages, found }: Verification): string {
  const lines = damages.map((each) => `${each.kind}  ${each.position}: ${each.message}`);
  if (found > damages.length) lines.push(`and ${found - damages.length} more`);
  const verdict = intact ? 'the audit log is intact' : `the audit log is damaged: ${found} found`;
  return [
    ...lines,
    `${verdict}; rows: ${rows}, segments: ${segments}`,
    `head  ${headText(at)}`,
  ].join('\n');
}

function exportRows(host: CommandHost, filter: AuditFilter): Promise<void> {
  return inWorkspace(host.context, async ({ db }) => {
    const { stdout } = host.context;
    for await (const record of eachAudit(db, filter)) {
      const line = `${JSON.stringify(await exportedAudit(db, record))}\n`;
      // Whoever reads slowly is waited for, so that the log never piles up in memory.
      if (!stdout.write(line)) await once(stdout, 'drain');
    }
  });
}

function act(value: string): string {
  const known = Object.keys(AUDIT_ACTS);
  const beginning = value.endsWith('*') ? value.slice(0, -1) : undefined;
  const fits =
    beginning === undefined
      ? known.includes(value)
      : known.some((name) => name.startsWith(beginning));
  if (fits) return value;
  throw new InvalidArgumentError('There is no such act; docs/audit.md lists them.');
}

function limit(value: string): number {
  const number = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= 1000) return number;
  throw new InvalidArgumentError('Give a whole number from 1 to 1000.');
}

function position(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Give the `next` of a list.');
}

function time(value: string): Date {
  const instant = new Date(value);
  if (/^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(instant.getTime())) return instant;
  throw new InvalidArgumentError('Give a time as in 2026-11-23 or 2026-11-23T08:00Z.');
}

function head(value: string): ChainHead {
  const read = readHeadText(value);
  if (read !== undefined) return read;
  throw new InvalidArgumentError('Give POSITION:HASH, as `audit verify` prints it.');
}
