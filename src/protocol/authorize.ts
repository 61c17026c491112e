import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../errors.ts';
import type { FrontChannel } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import type { AnswerPlace, AuthorizationRequest } from './authorization-request.ts';
import {
  REPEATABLE,
  noticeWish,
  readAnswerPlace,
  readAuthorizationRequest,
  refuseImpossible,
} from './authorization-request.ts';
import { authorizationAnswer, errorMembers } from './authorization-answer.ts';
import type { SignAnswer } from './authorization-answer.ts';
import type { BrowserBinding } from './browser-binding.ts';
import type { HintParts } from './hints.ts';
import { readHints } from './hints.ts';
import type { Endpoint, ProtocolRequest, ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { duplicatedNames, optional } from './parameters.ts';
import type { RequestParts } from './request-parameters.ts';
import { requestedParameters } from './request-parameters.ts';
import type { Seals } from './seals.ts';
import type { Transaction } from './transaction.ts';
import { newTransactionId, sealTransaction } from './transaction.ts';
import { upstreamAuthorization } from './upstream-authorization.ts';

/** What the authorization endpoint works with. */
export interface AuthorizeParts {
  readonly issuer: string;
  readonly clients: { find(clientId: string): Client | undefined };
  readonly vendors: { vendor(id: string): Vendor | undefined };
  readonly upstream: { metadata(): UpstreamMetadata };
  readonly seals: Seals;
  readonly binding: BrowserBinding;
  readonly sealRoot: Uint8Array;
  readonly hints: HintParts;
  /** How requests are found that were signed or pushed. */
  readonly requests: RequestParts;
  readonly signAnswer: (client: Client) => SignAnswer;
  readonly frontChannel: FrontChannel;
  /** The upstream's authorization endpoint as the browser reaches it on each front channel. */
  readonly authorizationEndpoint: (frontChannel: FrontChannel) => string;
  readonly clock: () => Date;
  /** How many logins that the database has to keep an address may begin. */
  readonly longLogins: RateLimiterMemory;
}

/** `max_age` below this is passed on unchanged; from it on the upstream is asked for a minute less. */
const EXACT_MAX_AGE_BELOW = 120;

/** The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1). */
export function authorizeEndpoint(parts: AuthorizeParts): Endpoint {
  return async (request) => {
    const sent = request.method === 'POST' ? request.form : request.query;
    const client = findClient(parts, sent, duplicatedNames(sent, REPEATABLE));
    const found = await findRequest(parts, client, sent);
    const parameters = found.parameters;
    const duplicated = duplicatedNames(parameters, REPEATABLE);
    const place = placeOf(client, found, duplicated);
    try {
      if (duplicated.size > 0) throw new Refusal('parameter_duplicated', [...duplicated].join(' '));
      if (found.refused !== undefined) throw found.refused;
      const wanted = readAuthorizationRequest(client, parameters);
      return await beginLogin(parts, request, wanted, client, place);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      request.log.info(
        { reason: error.reason, detail: error.detail, client: client.clientId },
        'authorization request refused',
      );
      const sign = parts.signAnswer(client);
      return authorizationAnswer(place, parts.issuer, errorMembers(error), sign);
    }
  };
}

/** The parameters that count; those that were sent, where the ones meant could not be had. */
interface FoundRequest {
  readonly parameters: URLSearchParams;
  readonly refused?: Refusal;
}

async function findRequest(
  parts: AuthorizeParts,
  client: Client,
  sent: URLSearchParams,
): Promise<FoundRequest> {
  try {
    return { parameters: await requestedParameters(parts.requests, client, sent) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { parameters: sent, refused: error };
  }
}

/** Where no place is named, the person is told why the request could not be had. */
function placeOf(
  client: Client,
  { parameters, refused }: FoundRequest,
  duplicated: ReadonlySet<string>,
): AnswerPlace {
  if (refused !== undefined && !parameters.has('redirect_uri')) throw refused;
  return readAnswerPlace(client, parameters, duplicated);
}

async function beginLogin(
  parts: AuthorizeParts,
  request: ProtocolRequest,
  wanted: AuthorizationRequest,
  client: Client,
  place: AnswerPlace,
): Promise<ProtocolResponse> {
  const metadata = parts.upstream.metadata();
  const browser = parts.binding.bind(request.headers['cookie']);
  const hints = await readHints(parts.hints, client, wanted);
  const transaction: Transaction = {
    id: newTransactionId(),
    clientId: client.clientId,
    ...place,
    nonce: wanted.nonce,
    codeChallenge: wanted.codeChallenge,
    scope: wanted.scope,
    maxAge: wanted.maxAge,
    browser: browser.hash,
    promptNone: wanted.prompt.includes('none'),
    upstreamPkce: metadata.code_challenge_methods_supported.includes('S256'),
    responseType: wanted.responseType,
    authTimeRequested: wanted.claims.authTime,
    hinted: hints.users,
    loginHint: hints.loginHint,
    resource: wanted.resource,
    frontChannel: client.frontChannel ?? parts.frontChannel,
    dpopJkt: wanted.dpopJkt,
    notice: noticeWish(parts.vendors.vendor(client.vendorId), wanted.prompt),
  };
  refuseImpossible(client, transaction);
  const location = new URL(parts.authorizationEndpoint(transaction.frontChannel));
  const sent = upstreamAuthorization(parts, transaction, client);
  for (const [name, value] of sent) location.searchParams.append(name, value);
  for (const [name, value] of Object.entries(wanted.wishes)) location.searchParams.set(name, value);
  if (wanted.prompt.length > 0) location.searchParams.set('prompt', wanted.prompt.join(' '));
  if (wanted.maxAge !== undefined) {
    location.searchParams.set('max_age', String(upstreamMaxAge(wanted.maxAge)));
  }
  const state = await sealTransaction(parts.seals, transaction, parts.clock(), () =>
    countLongLogin(parts.longLogins, request.remoteAddress),
  );
  location.searchParams.set('state', state);
  const cookie = browser.setCookie === undefined ? {} : { 'set-cookie': browser.setCookie };
  return { kind: 'redirect', location: location.href, headers: { ...NO_STORE, ...cookie } };
}

/** Anybody may begin a login, so nobody may fill the database with them. */
async function countLongLogin(limit: RateLimiterMemory, remoteAddress: string): Promise<void> {
  const { consumedPoints } = await limit.penalty(remoteAddress);
  if (consumedPoints > limit.points) throw new Refusal('logins_throttled');
}

function findClient(
  parts: AuthorizeParts,
  parameters: URLSearchParams,
  duplicated: ReadonlySet<string>,
): Client {
  const clientId = optional(parameters, 'client_id');
  if (clientId === undefined) throw new Refusal('parameter_missing', 'client_id');
  if (duplicated.has('client_id')) throw new Refusal('parameter_duplicated', 'client_id');
  const client = parts.clients.find(clientId);
  if (client === undefined) throw new Refusal('client_unknown');
  return client;
}

/** Makes room for `auth_time` being told up to a minute early, so that the vendor's check still passes. */
function upstreamMaxAge(maxAge: number): number {
  return maxAge < EXACT_MAX_AGE_BELOW ? maxAge : maxAge - 60;
}
