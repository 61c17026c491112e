import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { Client } from '../vendors/client.ts';
import { readClients } from '../vendors/client-store.ts';
import { RegistrationError, type Problem } from '../vendors/problem.ts';
import type { ClientSettings, Registrations } from '../vendors/registration.ts';
import {
  claimSectorCheck,
  readSectorChecks,
  saveSectorCheck,
  type SectorCheck,
} from '../vendors/sector-check-store.ts';
import type { OperationContext } from './context.ts';
import { documentProblem } from './sector-claims.ts';

/** What checking the documents works with. */
export interface SectorDocumentContext extends Omit<OperationContext, 'keyring'> {
  readonly vendorExchange: Exchange;
}

/** Between two looks at a document that is in order, and at one that is not; in ms. */
const IN_ORDER = 86_400_000;
const FAILING = 3_600_000;

/**
 * Fetches the document of every client in a plan that names another one than before, or other
 * redirect URIs, and throws a RegistrationError with everything that does not hold.
 */
export async function mustBeVouchedForAll(
  { db, atRest, vendorExchange }: Pick<SectorDocumentContext, 'db' | 'atRest' | 'vendorExchange'>,
  { clients, located = (problem: Problem) => problem }: Pick<Registrations, 'clients' | 'located'>,
): Promise<void> {
  const named = clients.filter(({ settings }) => settings.metadata.sector_identifier_uri);
  if (named.length === 0) return;
  const standing = await readClients(
    db,
    atRest,
    named.map(({ settings }) => settings.clientId),
  );
  const problems: Problem[] = [];
  for (const { settings, path } of named) {
    const before = standing.find(({ client }) => client.clientId === settings.clientId);
    if (before !== undefined && claimOf(before.client) === claimOf(settings)) continue;
    const found = await documentProblem(vendorExchange, settings);
    if (found === undefined) continue;
    const right = `serve a JSON array of all redirect URIs there (${found.detail})`;
    const at = [...path, 'sector_identifier_uri'];
    problems.push(located({ path: at, wrong: found.message, right }));
  }
  if (problems.length > 0) throw new RegistrationError(problems);
}

/**
 * Looks again at the documents that are due, one after another. A document that has come to
 * fail is told of in the audit log and in a log line at every look; logins go on.
 *
 * @returns how many were looked at
 */
export async function checkSectorDocuments(context: SectorDocumentContext): Promise<number> {
  const { db, atRest, clock } = context;
  const clients = await readClients(db, atRest, undefined, () => undefined);
  const checks = await readSectorChecks(db);
  let looked = 0;
  for (const { client } of clients) {
    if (client.metadata.sector_identifier_uri === undefined) continue;
    const last = checks.get(client.clientId);
    if (!isDue(last, clock())) continue;
    const at = clock();
    const claimed = await inTransaction(db, (trx) =>
      claimSectorCheck(trx, client.clientId, last?.checkedAt, at),
    );
    if (!claimed) continue;
    await look(context, client, last);
    looked += 1;
  }
  return looked;
}

async function look(
  context: SectorDocumentContext,
  client: Client,
  last: SectorCheck | undefined,
): Promise<void> {
  const { db, clock, log, vendorExchange } = context;
  const { clientId } = client;
  const found = await documentProblem(vendorExchange, client);
  const at = clock();
  const failingSince = found === undefined ? undefined : (last?.failingSince ?? at);
  if (found !== undefined) {
    const { message: problem, detail } = found;
    log.error({ clientId, problem, detail, failingSince }, 'sector_identifier_uri does not hold');
  }
  await inTransaction(db, async (trx) => {
    const problem = found?.message;
    if (!(await saveSectorCheck(trx, { clientId, checkedAt: at, failingSince, problem }))) return;
    const before = last?.failingSince !== undefined;
    if (before === (found !== undefined)) return;
    const act = found === undefined ? 'sector_document.recovered' : 'sector_document.failed';
    const details = problem === undefined ? undefined : { problem };
    await appendAudit(trx, { actor: 'system', act, target: clientId, details }, at);
  });
}

function isDue(last: SectorCheck | undefined, now: Date): boolean {
  if (last === undefined) return true;
  const age = now.getTime() - last.checkedAt.getTime();
  return age >= (last.failingSince === undefined ? IN_ORDER : FAILING);
}

function claimOf({ metadata }: Pick<ClientSettings, 'metadata'>): string {
  return JSON.stringify([metadata.sector_identifier_uri, metadata.redirect_uris]);
}
