import type { DatabaseLocation } from '../config/types.ts';
import type { Connection } from '../database/connection.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** The oldest versions that the tests know. */
const OLDEST = { mariadb: [10, 11], mysql: [8, 0] } as const;
/** Seconds. */
const UNREMARKABLE = 5;
const NAMED = ['version', 'version_comment', 'time_zone', 'system_time_zone'];
const SETTINGS = [
  ...[...NAMED, 'tx_isolation', 'transaction_isolation', 'sql_mode'],
  ...['innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin'],
];

type Settings = Readonly<Record<string, string>>;

/** What a MySQL or MariaDB server is like for a mapping that must not be lost or mixed up. */
export async function serverFindings(
  db: Connection,
  location: Extract<DatabaseLocation, { dialect: 'mysql' }>,
  clock: () => Date,
): Promise<readonly Finding[]> {
  const settings = await readSettings(db);
  return [
    versionFinding(settings),
    isolationFinding(settings),
    durabilityFinding(settings),
    await collationFinding(db),
    await timeFinding(db, settings, clock),
    await transportFinding(db, new URL(location.url).hostname),
  ];
}

async function readSettings(db: Connection): Promise<Settings> {
  const marks = SETTINGS.map(() => '?').join(', ');
  const [rows] = (await db.raw(
    `show session variables where variable_name in (${marks})`,
    SETTINGS,
  )) as [{ Variable_name: string; Value: string }[]];
  return Object.fromEntries(rows.map((row) => [row.Variable_name, row.Value]));
}

function versionFinding(settings: Settings): Finding {
  const version = settings['version'] ?? '';
  const isMariadb = /mariadb/i.test(version + (settings['version_comment'] ?? ''));
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [least, leastMinor] = isMariadb ? OLDEST.mariadb : OLDEST.mysql;
  const name = isMariadb ? 'MariaDB' : 'MySQL';
  if (major > least || (major === least && minor >= leastMinor)) {
    return ok('database_version', `${name} ${version}.`);
  }
  const hint = `Use ${name} ${least}.${leastMinor} or newer.`;
  return warning('database_version', `${name} ${version} is older than what is tested.`, hint);
}

/** Each connection asks for READ COMMITTED and strict mode; something between may not pass that on. */
function isolationFinding(settings: Settings): Finding {
  const level = settings['transaction_isolation'] ?? settings['tx_isolation'] ?? 'unknown';
  const strict = (settings['sql_mode'] ?? '').includes('STRICT_ALL_TABLES');
  if (level === 'READ-COMMITTED' && strict) {
    return ok('database_isolation', 'Transactions are READ COMMITTED, values are never cut short.');
  }
  const message = `A connection has isolation ${level}${strict ? '' : ' and is not strict'}, though it asked otherwise.`;
  const hint = 'Let whatever stands before the server pass on SET SESSION.';
  return problem('database_isolation', message, hint);
}

function durabilityFinding(settings: Settings): Finding {
  const flush = settings['innodb_flush_log_at_trx_commit'] ?? 'unknown';
  const binlog = settings['log_bin'] === 'ON' ? settings['sync_binlog'] : undefined;
  const weak = [
    ...(flush === '1' ? [] : [`innodb_flush_log_at_trx_commit=${flush}`]),
    ...(binlog === undefined || binlog === '1' ? [] : [`sync_binlog=${binlog}`]),
  ];
  if (weak.length === 0) {
    return ok('database_durability', 'What is committed is on disk, also when the machine fails.');
  }
  const message = `What was committed last can be lost when the machine fails (${weak.join(', ')}).`;
  const hint = 'Set both to 1: a vendor may have been given a pseudonym that is gone then.';
  return warning('database_durability', message, hint);
}

/** Tables of ours are InnoDB, their text columns compared byte for byte. */
async function collationFinding(db: Connection): Promise<Finding> {
  const [engines] = (await db.raw(
    'select table_name as name, engine as kind from information_schema.tables ' +
      "where table_schema = database() and table_type = 'BASE TABLE' and engine <> 'InnoDB'",
  )) as [{ name: string; kind: string }[]];
  const [columns] = (await db.raw(
    'select table_name as name, column_name as part, collation_name as kind ' +
      'from information_schema.columns where table_schema = database() ' +
      "and collation_name <> 'utf8mb4_bin' and table_name <> 'migration_lease' " +
      "and table_name not like 'knex%'",
  )) as [{ name: string; part: string; kind: string }[]];
  const wrong = [
    ...engines.map(({ name, kind }) => `${name} (${kind})`),
    ...columns.map(({ name, part, kind }) => `${name}.${part} (${kind})`),
  ];
  if (wrong.length === 0) {
    return ok('database_collation', 'Tables are InnoDB, text is compared byte for byte.');
  }
  const message = `Tables or columns were changed since they were made: ${wrong.join(', ')}.`;
  const hint = 'Convert them back to InnoDB, CHARACTER SET utf8mb4 COLLATE utf8mb4_bin.';
  return problem('database_collation', message, hint);
}

async function timeFinding(
  db: Connection,
  settings: Settings,
  clock: () => Date,
): Promise<Finding> {
  const asked = clock().getTime();
  const [[row]] = (await db.raw('select unix_timestamp(now(3)) as now')) as [
    { now: number | string }[],
  ];
  const middle = (asked + clock().getTime()) / 2;
  const skew = Math.round(Number(row?.now ?? 0) - middle / 1000);
  const zone = settings['time_zone'] === 'SYSTEM' ? 'system_time_zone' : 'time_zone';
  const text = `Times are kept as numbers, so that its time zone (${settings[zone]}) changes nothing`;
  if (Math.abs(skew) <= UNREMARKABLE) {
    return ok('database_time', `${text}; its clock agrees with ours.`);
  }
  const message = `${text}, but its clock is ${Math.abs(skew)} s ${skew < 0 ? 'behind' : 'ahead of'} ours.`;
  return warning('database_time', message, 'Let all machines follow a time server.');
}

async function transportFinding(db: Connection, host: string): Promise<Finding> {
  const [[row]] = (await db.raw("show session status like 'Ssl_cipher'")) as [{ Value: string }[]];
  const cipher = row?.Value ?? '';
  if (cipher !== '') return ok('database_transport', `The connection is encrypted (${cipher}).`);
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)) {
    return ok('database_transport', 'The connection is not encrypted, and stays on this machine.');
  }
  const hint = 'Keep it in a network of its own, or add ssl={…} to DATABASE_URL.';
  return warning('database_transport', 'The connection is not encrypted.', hint);
}
