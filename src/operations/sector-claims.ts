import type { Transaction, Connection } from '../database/connection.ts';
import { ExplainedRefusal } from '../errors.ts';
import { sectorDocumentProblem } from '../outbound/sector-document.ts';
import type { Exchange } from '../upstream/exchange.ts';
import type { ClientSettings } from '../vendors/registration.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import type { RegistrationContext } from './registration-context.ts';

/**
 * Refuses a client whose sector is another vendor's, without saying whose.
 *
 * @throws ExplainedRefusal
 */
export async function mustOwnSector(
  db: Connection | Transaction,
  { sector, vendorId, metadata }: ClientSettings,
): Promise<void> {
  const owner = (await readSectorOwners(db)).get(sector);
  if (owner === undefined || owner === vendorId) return;
  const member = metadata.sector_identifier_uri ? 'sector_identifier_uri' : 'redirect_uris';
  throw new ExplainedRefusal(
    'client_metadata_invalid',
    `${member}: the host ${sector} is the sector of another vendor`,
  );
}

/**
 * Fetches the document that vouches for a client's redirect URIs, where it names one.
 *
 * @throws ExplainedRefusal
 */
export async function mustBeVouchedFor(
  { vendorExchange, log }: Pick<RegistrationContext, 'vendorExchange' | 'log'>,
  settings: ClientSettings,
): Promise<void> {
  const problem = await documentProblem(vendorExchange, settings);
  if (problem === undefined) return;
  const { message, detail } = problem;
  log.warn({ detail, clientId: settings.clientId }, 'sector_identifier_uri does not hold');
  throw new ExplainedRefusal('client_metadata_invalid', message);
}

/** What is wrong with a client's `sector_identifier_uri`; undefined where nothing is, or it has none. */
export async function documentProblem(
  exchange: Exchange,
  { metadata }: Pick<ClientSettings, 'metadata'>,
): ReturnType<typeof sectorDocumentProblem> {
  const { sector_identifier_uri: sectorIdentifierUri, redirect_uris: redirectUris } = metadata;
  if (sectorIdentifierUri === undefined) return undefined;
  return sectorDocumentProblem(exchange, { sectorIdentifierUri, redirectUris });
}
