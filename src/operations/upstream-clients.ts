import { randomUUID } from 'node:crypto';

import { inTransaction } from '../database/connection.ts';
import { Refusal } from '../errors.ts';
import {
  registerAtUpstream,
  removeAtUpstream,
  updateAtUpstream,
  type RegistrationAtUpstream,
} from '../upstream/client-registration.ts';
import { readClient, updateClient } from '../vendors/client-store.ts';
import type { ClientSettings } from '../vendors/registration.ts';
import {
  deleteUpstreamClient,
  insertUpstreamClient,
  readUpstreamClients,
  saveManagement,
  type UpstreamClient,
} from '../vendors/upstream-client-store.ts';
import { lockRegistry } from '../vendors/vendor-store.ts';
import type { RegistrationContext } from './registration-context.ts';
import { upstreamClientMetadata, upstreamMethod } from './upstream-client-metadata.ts';

/** A client made at the upstream for a registration, and where it is recorded. */
export interface MadeUpstream {
  readonly recordId: string;
  readonly upstream: NonNullable<ClientSettings['upstream']>;
  /** Whether its addresses there can follow those of the client. */
  readonly isManaged: boolean;
}

/** Removing a client there that was made this long ago disturbs no registration under way; ms. */
const SETTLED = 600_000;

/**
 * Makes a client at the upstream and records it as bound to nothing yet, so that it is
 * removed there if nothing comes of it. Undefined: the upstream takes no registrations of ours.
 *
 * @throws Refusal of the exchange, or as `registerAtUpstream` does
 */
export async function makeUpstreamClient(
  context: RegistrationContext,
  settings: ClientSettings,
): Promise<MadeUpstream | undefined> {
  const at = registrationAt(context);
  if (at === undefined) return undefined;
  const metadata = context.upstreamMetadata();
  const sent = upstreamClientMetadata(settings, context.issuer, metadata);
  const made = await registerAtUpstream(at, sent);
  if (made === undefined) {
    context.log.warn(
      'upstream does not let the proxy register clients: UPSTREAM_REGISTRATION_TOKEN',
    );
    return undefined;
  }
  const recordId = randomUUID();
  const { clientId: upstreamClientId, clientSecret, management } = made;
  const record: UpstreamClient = {
    ...{ id: recordId, vendorId: settings.vendorId, state: 'unbound', upstreamClientId },
    ...{ management, createdAt: context.clock() },
    ...{ clientId: undefined, clientSecret: undefined, authenticationMethod: undefined },
  };
  try {
    await inTransaction(context.db, (trx) => insertUpstreamClient(trx, context.atRest, record));
  } catch (error) {
    await removeQuietly(context, record);
    throw error;
  }
  const authenticationMethod = upstreamMethod(metadata);
  return {
    recordId,
    upstream: { clientId: upstreamClientId, clientSecret, authenticationMethod, shared: false },
    isManaged: management !== undefined,
  };
}

/**
 * Gives the client at the upstream these metadata, and keeps the credentials that it answers
 * with. Nothing is done where the proxy does not manage it there.
 *
 * @throws Refusal of the exchange, or as `updateAtUpstream` does
 */
export async function changeUpstreamClient(
  context: RegistrationContext,
  clientId: string,
  wanted: Pick<ClientSettings, 'metadata'>,
): Promise<void> {
  const { db, atRest } = context;
  const [record] = await readUpstreamClients(db, atRest, { clientId });
  const at = registrationAt(context);
  if (record?.management === undefined || at === undefined) return;
  const { client } = await readClient(db, atRest, clientId);
  const secret = client.upstream?.clientSecret;
  if (secret === undefined) return;
  const { upstreamClientId, management } = record;
  const standing = { clientId: upstreamClientId, clientSecret: secret, management };
  const sent = upstreamClientMetadata(wanted, context.issuer, context.upstreamMetadata());
  const changed = await updateAtUpstream(at, standing, sent);
  await inTransaction(db, async (trx) => {
    if (changed.clientSecret !== secret) {
      await lockRegistry(trx);
      const { client: present } = await readClient(trx, atRest, clientId);
      if (present.upstream === undefined) return;
      const upstream = { ...present.upstream, clientSecret: changed.clientSecret };
      await updateClient(trx, atRest, { ...present, upstream }, { at: context.clock() });
    }
    if (changed.management !== undefined) {
      await saveManagement(trx, atRest, record.id, changed.management);
    }
  });
}

/** Removes at the upstream what no client uses; what cannot be removed now is tried again later. */
export async function removeUnused(
  context: Pick<RegistrationContext, 'db' | 'atRest' | 'clock' | 'log' | 'upstreamExchange'>,
): Promise<number> {
  const found = await readUpstreamClients(context.db, context.atRest, {
    states: ['unbound', 'discarded'],
  });
  const settled = context.clock().getTime() - SETTLED;
  let removed = 0;
  for (const record of found) {
    const underWay = record.state === 'unbound' && record.createdAt.getTime() > settled;
    if (!underWay && (await removeQuietly(context, record))) removed += 1;
  }
  return removed;
}

/** Removes one that nothing came of, by the id of its record; never throws. */
export async function giveUpUpstreamClient(
  context: RegistrationContext,
  recordId: string,
): Promise<void> {
  try {
    const found = await readUpstreamClients(context.db, context.atRest, { states: ['unbound'] });
    const record = found.find(({ id }) => id === recordId);
    if (record !== undefined) await removeQuietly(context, record);
  } catch (error) {
    context.log.warn({ err: error }, 'upstream client not removed yet');
  }
}

async function removeQuietly(
  context: Pick<RegistrationContext, 'db' | 'log' | 'upstreamExchange'>,
  { id, upstreamClientId, management }: UpstreamClient,
): Promise<boolean> {
  const { db, log, upstreamExchange } = context;
  try {
    if (management === undefined) {
      log.warn({ upstreamClientId }, 'upstream client is of no more use: remove it there by hand');
    } else await removeAtUpstream(upstreamExchange, management);
    await deleteUpstreamClient(db, id);
    return true;
  } catch (error) {
    const { reason, detail } = error instanceof Refusal ? error : { reason: 'unexpected' };
    log.warn({ reason, detail, upstreamClientId }, 'upstream client not removed yet');
    return false;
  }
}

function registrationAt(context: RegistrationContext): RegistrationAtUpstream | undefined {
  const endpoint = context.upstreamMetadata().reached.registration_endpoint;
  if (endpoint === undefined) return undefined;
  return {
    ...{ exchange: context.upstreamExchange, address: context.upstreamAddress, endpoint },
    initialToken: context.upstreamToken,
  };
}
