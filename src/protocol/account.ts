import type { RateLimiterMemory } from 'rate-limiter-flexible';

import { Refusal } from '../errors.ts';
import { disconnectVendor } from '../operations/disconnect-vendor.ts';
import { downloadAccount } from '../operations/download-account.ts';
import type { OperationContext } from '../operations/context.ts';
import { listConnections } from '../operations/list-connections.ts';
import type { VendorConnection } from '../operations/list-connections.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import { modeFor, newestPhase } from '../vendors/phase.ts';
import { ConflictError, UnknownError } from '../vendors/problem.ts';
import type { ShownVendor } from './account-page.ts';
import { confirmPage, disconnectedPage, overviewPage, welcomePage } from './account-page.ts';
import type { AccountSession, AccountSessions } from './account-session.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { noticeContents } from './notice-contents.ts';
import { refuseDuplicates, required } from './parameters.ts';

/** What self-service works with. */
export interface AccountParts {
  readonly issuer: string;
  readonly context: OperationContext;
  readonly vendors: {
    vendors(): readonly Vendor[];
    clients(): readonly Client[];
  };
  readonly sessions: AccountSessions;
  /** How often one session may ask. */
  readonly limit: RateLimiterMemory;
}

/** What a user sees first: an invitation to log in, or the vendors that know them. */
export function accountEndpoint(parts: AccountParts): Endpoint {
  return async (request) => {
    const session = await sessionOf(parts, request);
    if (session === undefined) return welcomePage(parts.issuer);
    const vendors = await vendorsOf(parts, session);
    return overviewPage(parts.issuer, vendors, session.formToken);
  };
}

/** GET says what a disconnection means, POST does it. */
export function accountDisconnectEndpoint(parts: AccountParts): Endpoint {
  return async (request) => {
    const session = await sessionOf(parts, request);
    if (session === undefined) return toAccount(parts);
    const sent = request.method === 'POST' ? request.form : request.query;
    refuseDuplicates(sent);
    const vendorId = required(sent, 'vendor');
    if (request.method === 'POST') {
      parts.sessions.requireOwnForm(request, session);
      return disconnect(parts, request, session, vendorId);
    }
    const shown = (await vendorsOf(parts, session)).find(({ vendor }) => vendor.id === vendorId);
    // One answer, whether there is no such vendor or it does not know the user.
    if (shown === undefined) return toAccount(parts);
    if (shown.vendor.disconnect === 'forbidden') throw new Refusal('account_disconnect_forbidden');
    return confirmPage(parts.issuer, shown, session.formToken);
  };
}

/** All that is held on the user, as a file. */
export function accountDownloadEndpoint(parts: AccountParts): Endpoint {
  return async (request) => {
    const session = await sessionOf(parts, request);
    if (session === undefined) return toAccount(parts);
    refuseDuplicates(request.form);
    parts.sessions.requireOwnForm(request, session);
    const exported = await downloadAccount(parts.context, session.localSubject, by(request));
    return {
      kind: 'passed',
      status: 200,
      headers: {
        ...NO_STORE,
        'content-type': 'application/json',
        'content-disposition': 'attachment; filename="what-is-held-on-me.json"',
      },
      body: Buffer.from(`${JSON.stringify(exported, null, 2)}\n`),
    };
  };
}

/** Ends the session here; the one at the provider stays the provider's. */
export function accountLogoutEndpoint(parts: AccountParts): Endpoint {
  return async (request) => {
    const session = await sessionOf(parts, request);
    if (session !== undefined) parts.sessions.requireOwnForm(request, session);
    const cookie = await parts.sessions.end(request, parts.context.clock());
    return toAccount(parts, { 'set-cookie': cookie });
  };
}

async function sessionOf(
  parts: AccountParts,
  request: ProtocolRequest,
): Promise<AccountSession | undefined> {
  const session = await parts.sessions.read(request, parts.context.clock());
  if (session === undefined) return undefined;
  const { consumedPoints } = await parts.limit.penalty(session.formToken);
  if (consumedPoints > parts.limit.points) throw new Refusal('account_throttled');
  return session;
}

async function disconnect(
  parts: AccountParts,
  request: ProtocolRequest,
  { localSubject }: AccountSession,
  vendorId: string,
): Promise<ProtocolResponse> {
  try {
    const wanted = { vendorId, localSubject };
    const { name, newSubject } = await disconnectVendor(parts.context, wanted, by(request));
    return disconnectedPage(parts.issuer, name, newSubject ? 'new' : 'same');
  } catch (error) {
    if (error instanceof UnknownError) return toAccount(parts);
    if (error instanceof ConflictError) throw new Refusal('account_disconnect_forbidden');
    throw error;
  }
}

async function vendorsOf(
  parts: AccountParts,
  { localSubject }: AccountSession,
): Promise<readonly ShownVendor[]> {
  const connections = await listConnections(parts.context, localSubject);
  return parts.vendors
    .vendors()
    .flatMap((vendor) => {
      const connection = connections.find(({ vendorId }) => vendorId === vendor.id);
      return connection === undefined ? [] : [shownVendor(parts, vendor, connection)];
    })
    .toSorted((one, other) => one.vendor.name.localeCompare(other.vendor.name, 'en'));
}

function shownVendor(
  parts: AccountParts,
  vendor: Vendor,
  { since, lastUsed, sectors, sharedWith }: VendorConnection,
): ShownVendor {
  const clients = parts.vendors.clients().flatMap((client) => {
    const user = sectors.find(({ sector }) => sector === client.sector);
    if (user === undefined || client.vendorId !== vendor.id) return [];
    const mode = modeFor(newestPhase(client), user.userIndex);
    const { scope } = client.metadata;
    const transaction = { scope, maxAge: undefined, authTimeRequested: false };
    const { items } = noticeContents({ client, vendor, mode, transaction });
    return [{ name: client.metadata.client_name ?? client.clientId, items }];
  });
  const names = parts.vendors
    .vendors()
    .flatMap(({ id, name }) => (sharedWith.includes(id) ? name : []));
  return { vendor, since, lastUsed, sharedWith: names, clients };
}

function by({ requestId }: ProtocolRequest) {
  return { actor: 'user', requestId };
}

function toAccount(
  { issuer }: AccountParts,
  headers: Readonly<Record<string, string>> = {},
): ProtocolResponse {
  return { kind: 'redirect', location: `${issuer}/account`, headers: { ...NO_STORE, ...headers } };
}
