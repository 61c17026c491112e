import { mustBeVouchedForAll } from '../operations/sector-documents.ts';
import { openGuardedExchange } from '../outbound/guarded-exchange.ts';
import type { Registrations } from '../vendors/registration.ts';
import type { Workspace } from './context.ts';

/**
 * Fetches the documents that clients name as `sector_identifier_uri`, where they have not
 * been checked for the same redirect URIs before.
 *
 * @throws RegistrationError
 */
export async function checkDocuments(
  { db, atRest, config }: Pick<Workspace, 'db' | 'atRest' | 'config'>,
  registrations: Registrations,
): Promise<void> {
  const pool = openGuardedExchange({
    mayBePrivate: (origin) => config.outboundPrivateOrigins.includes(origin),
  });
  try {
    await mustBeVouchedForAll({ db, atRest, vendorExchange: pool.exchange }, registrations);
  } finally {
    await pool.close();
  }
}
