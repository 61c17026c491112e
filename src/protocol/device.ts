import type { RateLimiterMemory } from 'rate-limiter-flexible';
import type { FrontChannel } from '../config/types.ts';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { DEVICE_CODE_GRANT } from '../upstream/grant-types.ts';
import { authorizeDevice } from '../upstream/out-of-band.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import { scopeOf } from './authorization-request.ts';
import type { ClientAuthenticationParts } from './client-authentication.ts';
import { authenticateClient } from './client-authentication.ts';
import { codeForm, departurePage } from './device-page.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { privateJson } from './message.ts';
import { widestContents } from './notice-contents.ts';
import { noticeText } from './notice-page.ts';
import { optional, refuseDuplicates } from './parameters.ts';
import { sealPendingLogin } from './pending-login.ts';
import type { IssueParts } from './token-issue.ts';
import { acceptedByUpstream } from './upstream-tokens.ts';
import type { DeviceLogin, UserCodes } from './user-codes.ts';

/** What the device endpoint works with. */
export interface DeviceParts extends Pick<
  IssueParts,
  'issuer' | 'clients' | 'upstream' | 'exchange' | 'seals' | 'clock'
> {
  readonly authentication: ClientAuthenticationParts;
  readonly vendors: { vendor(id: string): Vendor | undefined };
  readonly userCodes: UserCodes;
  readonly frontChannel: FrontChannel;
  /** Codes that stand for nothing, by address. */
  readonly wrongCodes: RateLimiterMemory;
}

const REFUSALS: ReadonlyMap<string, Reason> = new Map([['invalid_scope', 'scope_invalid']]);

/**
 * Device authorization (RFC 8628): a vendor's device asks by POST, its user
 * opens the same address in a browser.
 */
export function deviceEndpoint(parts: DeviceParts): Endpoint {
  return (request) =>
    request.method === 'POST' ? authorize(parts, request) : verify(parts, request);
}

/** RFC 8628 3.1 and 3.2: everything that the vendor gets is ours. */
async function authorize(parts: DeviceParts, request: ProtocolRequest): Promise<ProtocolResponse> {
  refuseDuplicates(request.form);
  const authenticated = await authenticateClient(parts.authentication, request, 'device');
  const { client } = authenticated;
  if (!client.metadata.grant_types.includes(DEVICE_CODE_GRANT)) {
    throw new Refusal('grant_type_unauthorized');
  }
  const { issuer, seals, exchange } = parts;
  const scope = scopeOf(request.form, client);
  const device = await acceptedByUpstream(
    authenticated,
    (credentials) =>
      authorizeDevice({ exchange, metadata: parts.upstream.metadata(), credentials }, { scope }),
    REFUSALS,
  );
  const now = parts.clock();
  const times = { now, expiresAt: new Date(now.getTime() + device.expiresIn * 1000) };
  const login = {
    ...{ clientId: client.clientId, scope, hinted: undefined },
    change: parts.clients.change,
    upstreamValue: device.deviceCode,
  };
  const verificationUri = `${issuer}/oidc/device`;
  const userCode = await parts.userCodes.issue(
    {
      clientId: client.clientId,
      upstreamUserCode: device.userCode,
      page: device.verificationUriComplete ?? device.verificationUri,
      complete: device.verificationUriComplete !== undefined,
    },
    times,
  );
  return privateJson({
    device_code: await sealPendingLogin(seals, 'device_code', login, times),
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: device.expiresIn,
    interval: device.interval,
  });
}

/** RFC 8628 3.3: the user names the code, compares, and goes on to the upstream's own page. */
async function verify(
  parts: DeviceParts,
  { query, remoteAddress }: ProtocolRequest,
): Promise<ProtocolResponse> {
  const action = `${parts.issuer}/oidc/device`;
  const typed = optional(query, 'user_code');
  if (typed === undefined) return codeForm(action, '');
  // RFC 8628 5.1: a code is short, so guessing has to be slow.
  const state = await parts.wrongCodes.get(remoteAddress);
  if (state !== null && state.consumedPoints >= parts.wrongCodes.points) {
    return codeForm(action, 'Too many wrong codes. Try again later.');
  }
  const login = await parts.userCodes.find(typed, parts.clock());
  const client = login === undefined ? undefined : parts.clients.find(login.clientId);
  if (login === undefined || client === undefined) {
    await parts.wrongCodes.penalty(remoteAddress);
    return codeForm(action, 'This code is not known, or is no longer good.');
  }
  return departurePage({
    userCode: typed.toUpperCase(),
    clientName: client.metadata.client_name ?? client.vendorId,
    notice: noticeFor(parts, client),
    address: pageAddress(parts, login, client.frontChannel ?? parts.frontChannel),
    upstreamUserCode: login.upstreamUserCode,
    asked: !login.complete,
  });
}

/** The vendor's notice: nobody is known here, so that it is said each time. */
function noticeFor({ vendors }: DeviceParts, client: Client): string {
  const vendor = vendors.vendor(client.vendorId);
  return vendor?.notice === true ? noticeText(vendor, widestContents(client, vendor)) : '';
}

/** Through the relay, the upstream's page has our address; else it is where the upstream says. */
function pageAddress(
  { issuer, upstream }: DeviceParts,
  { page }: DeviceLogin,
  frontChannel: FrontChannel,
): string {
  const { origin } = new URL(upstream.metadata().issuer);
  if (frontChannel === 'callback' || page.origin !== origin) return page.href;
  return `${issuer}${page.pathname}${page.search}`;
}
