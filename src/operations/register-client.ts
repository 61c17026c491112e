import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction, type Connection, type Transaction } from '../database/connection.ts';
import { Refusal } from '../errors.ts';
import { applyWithin } from '../vendors/apply.ts';
import type { Vendor } from '../vendors/client.ts';
import type { ClientRegistration, ClientSettings } from '../vendors/registration.ts';
import { insertRegistration, useInitialToken } from '../vendors/registration-store.ts';
import type { InitialToken } from '../vendors/registration-store.ts';
import { newRegistration, type SentMetadata } from '../vendors/self-registration.ts';
import {
  bindUpstreamClient,
  readUpstreamClients,
  type UpstreamClient,
} from '../vendors/upstream-client-store.ts';
import { lockRegistry, readVendors } from '../vendors/vendor-store.ts';
import type { RegistrationContext } from './registration-context.ts';
import { mustBeVouchedFor, mustOwnSector } from './sector-claims.ts';
import { mustBeOffered } from './upstream-client-metadata.ts';
import { giveUpUpstreamClient, makeUpstreamClient, type MadeUpstream } from './upstream-clients.ts';

/** What a vendor asks for, with a token that an operator gave it. */
export interface RegisterClient {
  readonly initialToken: InitialToken;
  readonly metadata: SentMetadata;
}

/** A client that was registered, with what its vendor manages it with. */
export interface RegisteredClient {
  readonly settings: ClientSettings;
  readonly registrationToken: string;
  readonly registeredAt: Date;
}

/** A token with which one client is managed (RFC 7592); its prefix tells those who find one. */
export function newRegistrationToken(): string {
  return `ppr_${randomBytes(32).toString('base64url')}`;
}

/**
 * Registers a client for a vendor (RFC 7591), here and at the upstream. Nothing is fetched
 * for a request that is invalid anyway, and nothing stays of one that fails: a client that
 * was made at the upstream is removed there, at once or later.
 *
 * @throws ExplainedRefusal for what the vendor can put right; Refusal `initial_token_invalid`,
 *   `upstream_client_missing`, `upstream_registration_refused`, and those of the upstream
 */
export async function registerClient(
  context: RegistrationContext,
  { initialToken, metadata }: RegisterClient,
  by: By,
): Promise<RegisteredClient> {
  const [vendor] = await readVendors(context.db, [initialToken.vendorId]);
  if (vendor === undefined) throw new Refusal('initial_token_invalid', 'its vendor is gone');
  const wanted = newRegistration(metadata, vendor);
  mustBeOffered(context.upstreamMetadata(), wanted);
  await mustOwnSector(context.db, wanted.settings);
  await mustFindPlace(context, vendor);
  await mustBeVouchedFor(context, wanted.settings);
  const made = await makeUpstreamClient(context, wanted.settings);
  try {
    return await inTransaction(context.db, (trx) =>
      record(trx, { context, initialToken, vendor, wanted, made }, by),
    );
  } catch (error) {
    if (made !== undefined) await giveUpUpstreamClient(context, made.recordId);
    throw error;
  }
}

interface Registering {
  readonly context: RegistrationContext;
  readonly initialToken: InitialToken;
  readonly vendor: Vendor;
  readonly wanted: ClientRegistration;
  readonly made: MadeUpstream | undefined;
}

async function record(
  trx: Transaction,
  { context, initialToken, vendor, wanted, made }: Registering,
  by: By,
): Promise<RegisteredClient> {
  const at = context.clock();
  await lockRegistry(trx);
  if (!(await useInitialToken(trx, initialToken.id, at))) {
    throw new Refusal('initial_token_invalid', 'used up meanwhile');
  }
  await mustOwnSector(trx, wanted.settings);
  const found = made ?? (await prepared(trx, context, vendor));
  const settings: ClientSettings = {
    ...wanted.settings,
    upstream: found.upstream,
    // The upstream knows the vendor's addresses only where we keep them in step there.
    frontChannel: found.isManaged ? wanted.settings.frontChannel : 'callback',
  };
  const { clientId } = settings;
  const clients = [{ ...wanted, settings }];
  const registrations = { vendors: [], clients, problems: [], warnings: [] };
  await applyWithin(trx, context.atRest, registrations, {
    ...{ ...by, at, sectorChange: 'refused', expect: 'create' },
  });
  if (!(await bindUpstreamClient(trx, found.recordId, clientId, at))) {
    throw new Refusal('registration_conflict', 'the upstream client is gone');
  }
  const registrationToken = newRegistrationToken();
  await insertRegistration(trx, registrationToken, {
    ...{ clientId, initialTokenId: initialToken.id, createdAt: at },
  });
  const details = { vendor: vendor.id, token: initialToken.id, sector: settings.sector };
  await appendAudit(trx, { ...by, act: 'client.registered', target: clientId, details }, at);
  return { settings, registrationToken, registeredAt: at };
}

/** Whether there is any client at the upstream that this one could become. */
async function mustFindPlace(context: RegistrationContext, vendor: Vendor): Promise<void> {
  if (context.upstreamMetadata().reached.registration_endpoint !== undefined) return;
  await nextPrepared(context.db, context, vendor);
}

/** The oldest client at the upstream that an operator prepared for the vendor. */
async function prepared(
  trx: Transaction,
  context: RegistrationContext,
  vendor: Vendor,
): Promise<MadeUpstream> {
  const next = await nextPrepared(trx, context, vendor);
  const { id, upstreamClientId: clientId, clientSecret, authenticationMethod } = next;
  const upstream = { clientId, clientSecret, shared: false };
  return {
    recordId: id,
    upstream: { ...upstream, ...(authenticationMethod !== undefined && { authenticationMethod }) },
    isManaged: false,
  };
}

async function nextPrepared(
  db: Connection | Transaction,
  { atRest }: RegistrationContext,
  { id: vendorId }: Vendor,
): Promise<UpstreamClient> {
  const [next] = await readUpstreamClients(db, atRest, { vendorId, states: ['prepared'] });
  if (next === undefined) throw new Refusal('upstream_client_missing', `vendor ${vendorId}`);
  return next;
}
