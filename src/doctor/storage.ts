import type { Config } from '../config/types.ts';
import { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { isUnavailable, openDatabase } from '../database/connection.ts';
import { loadKeyring, MasterKeyError } from '../database/keyring.ts';
import { schemaState } from '../database/migrations.ts';
import { readLinks } from '../database/sector-links.ts';
import { Salts, SaltMismatchError } from '../subjects/salts/store.ts';
import type { Vendor } from '../vendors/client.ts';
import { readClients, type StoredClient } from '../vendors/client-store.ts';
import { readSectorOwners, readVendors } from '../vendors/vendor-store.ts';
import { serverFindings } from './database-server.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import { privilegeFinding } from './privileges.ts';
import { linkFindings } from './sector-links.ts';
import { hasRoots, hasSalt, readTables } from './store.ts';

/** What the database told. */
export interface Storage {
  readonly findings: readonly Finding[];
  readonly failed: boolean;
  readonly vendors: readonly Vendor[];
  readonly clients: readonly StoredClient[];
}

const NOTHING = { vendors: [], clients: [] };
const SHORT_SALT = 32;

/** Looks at the database and at the secrets that belong to it; writes nothing. */
export async function examineStorage(config: Config, clock: () => Date): Promise<Storage> {
  const db = openDatabase(config.database);
  try {
    return await examine(db, config, clock);
  } catch (error) {
    const what = isUnavailable(error)
      ? 'cannot be reached'
      : `cannot be read (${error instanceof Error ? error.name : 'unknown'})`;
    const hint = 'Check DATABASE_URL, and that the server is up and lets this user in.';
    const finding = problem('database', `The database ${what}.`, hint);
    return { findings: [finding], failed: true, ...NOTHING };
  } finally {
    await db.destroy();
  }
}

async function examine(db: Connection, config: Config, clock: () => Date): Promise<Storage> {
  const { dialect } = config.database;
  const state = await schemaState(db);
  if (state !== 'current') {
    const message = `The schema is ${state}.`;
    if (dialect === 'sqlite' && state !== 'ahead') {
      const hint = '`serve` and `apply` set it up by themselves on SQLite.';
      return { findings: [warning('database', message, hint)], failed: false, ...NOTHING };
    }
    const hint =
      state === 'ahead' ? 'Run the version that made it.' : 'Run `pairwise-proxy migrate up`.';
    return { findings: [problem('database', message, hint)], failed: true, ...NOTHING };
  }
  const findings = [
    ok('database', `${dialect}, schema current.`),
    await privilegeFinding(db, await readTables(db, dialect)),
    ...(dialect === 'mysql' ? await serverFindings(db, config.database, clock) : []),
    ...saltStrength(config),
  ];
  const atRest = await openRoots(db, config, findings);
  if (atRest === undefined) return { findings, failed: false, ...NOTHING };
  await compareSalt(db, atRest, config, clock, findings);
  const unreadable = (clientId: string): void => {
    const hint = 'Restore its row from a backup, or delete the client and create it again.';
    findings.push(problem('client', 'Its row cannot be read.', hint, clientId));
  };
  const clients = await readClients(db, atRest, undefined, unreadable);
  findings.push(...linkFindings(await readLinks(db), await readSectorOwners(db)));
  return { findings, failed: false, vendors: await readVendors(db), clients };
}

function saltStrength(config: Config): readonly Finding[] {
  const length = config.secrets.pairwiseSalt.length;
  if (config.pseudonymAlgorithm !== 'oidc-sha256' || length >= SHORT_SALT) return [];
  const message = `PAIRWISE_SALT has ${length} bytes: who guesses it can compute every pseudonym.`;
  const hint =
    'Keep it only where pseudonyms must be those of an earlier system; else begin with 32 random bytes or more.';
  return [warning('salt_strength', message, hint)];
}

async function openRoots(
  db: Connection,
  config: Config,
  findings: Finding[],
): Promise<AtRest | undefined> {
  if (!(await hasRoots(db))) {
    const hint = 'The first `serve` or `apply` makes them; keep MASTER_KEY from then on.';
    findings.push(warning('master_key', 'The database holds no keys yet.', hint));
    return undefined;
  }
  try {
    const keyring = await loadKeyring(db, config.secrets);
    findings.push(ok('master_key', 'MASTER_KEY opens the keys in the database.'));
    return new AtRest(keyring.storage);
  } catch (error) {
    if (!(error instanceof MasterKeyError)) throw error;
    const hint = 'Without the right key nobody can log in; with another database, clear it first.';
    findings.push(problem('master_key', error.message, hint));
    return undefined;
  }
}

async function compareSalt(
  db: Connection,
  atRest: AtRest,
  config: Config,
  clock: () => Date,
  findings: Finding[],
): Promise<void> {
  if (!(await hasSalt(db))) {
    findings.push(ok('salt', 'No salt is stored yet; the first `serve` stores PAIRWISE_SALT.'));
    return;
  }
  const { pairwiseSalt } = config.secrets;
  const algorithm = config.pseudonymAlgorithm;
  try {
    await Salts.open({ db, atRest, pairwiseSalt, algorithm, clock });
    findings.push(ok('salt', `PAIRWISE_SALT is the stored one; subjects by ${algorithm}.`));
  } catch (error) {
    if (!(error instanceof SaltMismatchError)) throw error;
    findings.push(problem('salt', error.message, '`serve` refuses to start like this.'));
  }
}
