import { randomBytes } from 'node:crypto';

import type { AtRest } from '../database/at-rest.ts';
import { bytes } from '../database/bytes.ts';
import { appendChange } from '../database/changes.ts';
import type { Transaction } from '../database/connection.ts';
import { deleteStream } from '../database/event-streams.ts';
import { toColumns } from './client-row.ts';
import { advanceRevision, type StoredClient } from './client-store.ts';
import { deleteMappingTokens } from './mapping-token-store.ts';
import type { ClientSettings } from './registration.ts';
import { replaceRegistrationToken } from './registration-store.ts';
import { moveUpstreamClient } from './upstream-client-store.ts';
import { claimSector, giveSector, releaseSector } from './vendor-store.ts';

/**
 * Makes a client another vendor's, with its sector unless the settings name another one,
 * and ends what the former vendor could do with it: every token of the client, those for
 * its registration and for its mapping, and the events that were on their way.
 *
 * Within a transaction that holds the registry's lock.
 *
 * @throws StaleError where it is not as it was `seen`; RegistrationError
 */
export async function handOver(
  trx: Transaction,
  atRest: AtRest,
  { client, revision }: StoredClient,
  settings: ClientSettings,
  at: Date,
): Promise<void> {
  const { clientId, vendorId, sector } = settings;
  const notBefore = await appendChange(trx, 'client', clientId, at);
  if (sector === client.sector) await giveSector(trx, sector, vendorId);
  else await claimSector(trx, sector, vendorId, at);
  const where = { client_id: bytes(clientId) };
  await trx('clients').where(where).update(toColumns(settings, atRest));
  await advanceRevision(trx, clientId, revision, { at, notBefore });
  // Nobody has the new token: an operator makes another one for the new vendor.
  const dead = randomBytes(32).toString('base64url');
  await replaceRegistrationToken(trx, clientId, { to: dead, at });
  await deleteMappingTokens(trx, clientId);
  await deleteStream(trx, `client:${clientId}`);
  await trx('notices').where(where).delete();
  await moveUpstreamClient(trx, clientId, vendorId);
  if (sector !== client.sector) await releaseSector(trx, client.sector);
}
