import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction, type Transaction } from '../database/connection.ts';
import { ExplainedRefusal, Refusal } from '../errors.ts';
import { applyWithin } from '../vendors/apply.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import { readClient } from '../vendors/client-store.ts';
import { UnknownError } from '../vendors/problem.ts';
import type { ClientRegistration, ClientSettings } from '../vendors/registration.ts';
import { findRegistration, replaceRegistrationToken } from '../vendors/registration-store.ts';
import { changedRegistration, type SentMetadata } from '../vendors/self-registration.ts';
import { lockRegistry, readVendors, usersOfSector } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { newRegistrationToken, type RegisteredClient } from './register-client.ts';
import type { RegistrationContext } from './registration-context.ts';
import { removeClient } from './remove-client.ts';
import { mustBeVouchedFor, mustOwnSector } from './sector-claims.ts';
import { mustBeOffered, upstreamClientMetadata } from './upstream-client-metadata.ts';
import { changeUpstreamClient, removeUnused } from './upstream-clients.ts';

/** A client that its vendor registered, opened with its own token (RFC 7592). */
export interface ManagedClient {
  readonly client: Client;
  readonly vendor: Vendor;
  readonly registeredAt: Date;
  readonly registrationToken: string;
}

/**
 * The client that a registration access token is for.
 *
 * @throws Refusal `registration_token_invalid`: none, whatever the reason
 */
export async function openRegistration(
  { db, atRest }: Pick<OperationContext, 'db' | 'atRest'>,
  clientId: string,
  registrationToken: string,
): Promise<ManagedClient> {
  const row = await findRegistration(db, clientId, registrationToken);
  if (row === undefined) throw new Refusal('registration_token_invalid');
  const { client } = await readClient(db, atRest, clientId);
  const [vendor] = await readVendors(db, [client.vendorId]);
  if (vendor === undefined) throw new Refusal('registration_token_invalid', 'no vendor');
  return { client, vendor, registeredAt: row.createdAt, registrationToken };
}

/**
 * Replaces what a vendor may say of its client (RFC 7592 2.2), here and at the upstream, and
 * the registration access token with it. A change that would give users another subject is
 * refused: only the operator can confirm it.
 *
 * @throws as `registerClient`; Refusal `registration_token_invalid`, `registration_conflict`
 */
export async function updateRegisteredClient(
  context: RegistrationContext,
  managed: ManagedClient,
  sent: SentMetadata,
  by: By,
): Promise<RegisteredClient> {
  const { client, vendor } = managed;
  const wanted = changedRegistration(sent, client, vendor);
  mustBeOffered(context.upstreamMetadata(), wanted);
  await mustKeepSubjects(context.db, client, wanted.settings);
  await mustOwnSector(context.db, wanted.settings);
  if (namesOthers(client, wanted.settings)) await mustBeVouchedFor(context, wanted.settings);
  const follow = upstreamFollows(context, client, wanted.settings);
  if (follow) await changeUpstreamClient(context, client.clientId, both(client, wanted.settings));
  try {
    const changed = await inTransaction(context.db, (trx) =>
      record(trx, context, managed, sent, by),
    );
    if (follow) await followQuietly(context, client.clientId, changed.settings);
    return changed;
  } catch (error) {
    if (follow) await followQuietly(context, client.clientId, client);
    throw error;
  }
}

/** Removes a client as its vendor asks (RFC 7592 2.3), here and at the upstream. */
export async function removeRegisteredClient(
  context: RegistrationContext,
  { client }: ManagedClient,
  by: By,
): Promise<void> {
  try {
    await removeClient(context, { clientId: client.clientId }, by);
  } catch (error) {
    if (error instanceof UnknownError) throw new Refusal('registration_token_invalid', 'gone');
    throw error;
  }
  await removeUnused(context);
}

/**
 * Gives a client that its vendor registered another registration access token, for a vendor
 * that has lost its own; the one before is dead.
 *
 * @throws UnknownError
 */
export async function renewRegistrationToken(
  { db, clock }: Pick<OperationContext, 'db' | 'clock'>,
  clientId: string,
  by: By,
): Promise<string> {
  const at = clock();
  const token = newRegistrationToken();
  await inTransaction(db, async (trx) => {
    if (!(await replaceRegistrationToken(trx, clientId, { to: token, at }))) {
      throw new UnknownError(`There is no client "${clientId}" that its vendor registered.`);
    }
    await appendAudit(trx, { ...by, act: 'registration_token.renewed', target: clientId }, at);
  });
  return token;
}

async function record(
  trx: Transaction,
  context: RegistrationContext,
  { client: { clientId }, vendor, registeredAt, registrationToken }: ManagedClient,
  sent: SentMetadata,
  by: By,
): Promise<RegisteredClient> {
  const at = context.clock();
  await lockRegistry(trx);
  const replaced = newRegistrationToken();
  const change = { from: registrationToken, to: replaced, at };
  if (!(await replaceRegistrationToken(trx, clientId, change))) {
    throw new Refusal('registration_conflict', 'its token was replaced meanwhile');
  }
  // Judged on what stands now, so that what an operator changed meanwhile stays.
  const { client } = await readClient(trx, context.atRest, clientId);
  const wanted: ClientRegistration = changedRegistration(sent, client, vendor);
  await mustKeepSubjects(trx, client, wanted.settings);
  await mustOwnSector(trx, wanted.settings);
  const registrations = { vendors: [], clients: [wanted], problems: [], warnings: [] };
  await applyWithin(trx, context.atRest, registrations, {
    ...{ ...by, at, sectorChange: 'refused', expect: 'update' },
  });
  return { settings: wanted.settings, registrationToken: replaced, registeredAt };
}

async function mustKeepSubjects(
  db: Transaction | RegistrationContext['db'],
  from: Client,
  to: ClientSettings,
): Promise<void> {
  if (from.sector === to.sector) return;
  const users = await usersOfSector(db, from.sector);
  if (users === 0) return;
  throw new ExplainedRefusal(
    'client_metadata_invalid',
    `this would change the sector from ${from.sector} to ${to.sector} and with it the sub of ` +
      `${users} ${users === 1 ? 'user' : 'users'}: ask the operator of this service to confirm it`,
  );
}

function namesOthers({ metadata: from }: Client, { metadata: to }: ClientSettings): boolean {
  const named = (metadata: typeof from): string =>
    JSON.stringify([metadata.sector_identifier_uri, metadata.redirect_uris]);
  return named(from) !== named(to);
}

function upstreamFollows(
  { issuer, upstreamMetadata }: RegistrationContext,
  from: Client,
  to: ClientSettings,
): boolean {
  const upstream = upstreamMetadata();
  const told = (settings: ClientSettings): string =>
    JSON.stringify(upstreamClientMetadata(settings, issuer, upstream));
  return told(from) !== told(to);
}

/** While the change is under way the upstream takes the old addresses and the new ones. */
function both(from: Client, to: ClientSettings): Pick<ClientSettings, 'metadata'> {
  const joined = (name: 'redirect_uris' | 'post_logout_redirect_uris' | 'grant_types') => [
    ...new Set([...from.metadata[name], ...to.metadata[name]]),
  ];
  return {
    metadata: {
      ...to.metadata,
      redirect_uris: joined('redirect_uris'),
      post_logout_redirect_uris: joined('post_logout_redirect_uris'),
      grant_types: joined('grant_types'),
    },
  };
}

/** An address too many at the upstream harms nobody: the relay passes only what stands here. */
async function followQuietly(
  context: RegistrationContext,
  clientId: string,
  settings: ClientSettings,
): Promise<void> {
  try {
    await changeUpstreamClient(context, clientId, settings);
  } catch (error) {
    context.log.warn({ err: error, clientId }, 'upstream client keeps addresses of before');
  }
}
