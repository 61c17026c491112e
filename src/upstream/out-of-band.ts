import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import { postAuthenticated } from './authenticated-post.ts';
import { errorWord, tokenRefusal } from './error-answer.ts';
import type { TokenRefusal } from './error-answer.ts';
import { jsonObject } from './json.ts';
import type { TokenRequest, TokenResult } from './token-request.ts';
import { requestTokens } from './token-request.ts';

/** How long a device may poll, and how often, in seconds. */
interface Pace {
  readonly expiresIn: number;
  readonly interval: number;
}

/** What the upstream answers a device (RFC 8628 3.2). */
export interface DeviceAuthorization extends Pace {
  readonly kind: 'device';
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: URL;
  readonly verificationUriComplete: URL | undefined;
}

/** What the upstream answers a backchannel authentication request (CIBA 7.3). */
export interface BackchannelAuthentication extends Pace {
  readonly kind: 'backchannel';
  readonly authReqId: string;
}

/** RFC 8628 3.2, CIBA 7.3. */
const DEFAULT_INTERVAL = 5;
const LONGEST_INTERVAL = 60;
/** In seconds; nobody waits longer for a confirmation. */
const LONGEST_WAIT = 3600;
const MAX_LENGTH = 2048;

/**
 * Begins a device authorization (RFC 8628 3.1).
 *
 * @throws Refusal of the exchange; `upstream_unavailable` where the upstream has no such endpoint;
 *   `upstream_malformed` for an answer that cannot be used.
 */
export async function authorizeDevice(
  request: TokenRequest,
  parameters: Readonly<Record<string, string>>,
): Promise<DeviceAuthorization | TokenRefusal> {
  const answer = await ask(request, 'device_authorization_endpoint', {
    client_id: request.credentials.clientId,
    ...parameters,
  });
  if (answer.kind === 'refused') return answer;
  const { body } = answer;
  // Google and some older ones still say verification_url.
  const page = urlIn(body, 'verification_uri') ?? urlIn(body, 'verification_url');
  if (page === undefined) throw malformed('verification_uri');
  return {
    kind: 'device',
    deviceCode: textIn(body, 'device_code'),
    userCode: textIn(body, 'user_code'),
    verificationUri: page,
    verificationUriComplete: urlIn(body, 'verification_uri_complete'),
    ...paceIn(body),
  };
}

/**
 * Asks the upstream to reach a user on a device of theirs (CIBA 7.1).
 *
 * @throws Refusal as {@link authorizeDevice}.
 */
export async function authenticateOnBackchannel(
  request: TokenRequest,
  parameters: Readonly<Record<string, string>>,
): Promise<BackchannelAuthentication | TokenRefusal> {
  const answer = await ask(request, 'backchannel_authentication_endpoint', parameters);
  if (answer.kind === 'refused') return answer;
  const { body } = answer;
  return { kind: 'backchannel', authReqId: textIn(body, 'auth_req_id'), ...paceIn(body) };
}

/** What an upstream says while there are no tokens yet (RFC 8628 3.5, CIBA 11), evened out. */
const WAITING: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['authorization_pending', 'authorization_pending'],
  ['slow_down', 'polling_too_fast'],
  ['expired_token', 'authorization_expired'],
  ['code_expired', 'authorization_expired'],
  ['access_denied', 'authorization_denied'],
  ['authorization_declined', 'authorization_denied'],
]);

/**
 * Asks once for the tokens of what {@link authorizeDevice} or
 * {@link authenticateOnBackchannel} began.
 *
 * @throws Refusal `authorization_pending`, `polling_too_fast`, `authorization_expired`,
 *   `authorization_denied`; those of any token request
 */
export async function pollTokens(
  request: TokenRequest,
  grant: Readonly<Record<string, string>>,
): Promise<TokenResult> {
  const result = await requestTokens(request, grant);
  if (result.kind === 'refused') {
    const reason = WAITING.get(errorWord(result.upstreamError) ?? '');
    if (reason !== undefined) throw new Refusal(reason);
  }
  return result;
}

async function ask(
  { exchange, metadata, credentials }: TokenRequest,
  endpoint: 'device_authorization_endpoint' | 'backchannel_authentication_endpoint',
  parameters: Readonly<Record<string, string>>,
): Promise<{ kind: 'answer'; body: Readonly<Record<string, unknown>> } | TokenRefusal> {
  const url = metadata.reached[endpoint];
  if (url === undefined) throw new Refusal('grant_type_unsupported', `no ${endpoint}`);
  const response = await postAuthenticated({ exchange, metadata, credentials }, url, parameters);
  return tokenRefusal(response) ?? { kind: 'answer', body: jsonObject(response) };
}

function paceIn(body: Readonly<Record<string, unknown>>): Pace {
  const expiresIn = secondsIn(body, 'expires_in');
  if (expiresIn === undefined || expiresIn === 0) throw malformed('expires_in');
  const interval = secondsIn(body, 'interval') ?? DEFAULT_INTERVAL;
  return {
    expiresIn: Math.min(expiresIn, LONGEST_WAIT),
    // Libraries take no interval of zero.
    interval: Math.max(1, Math.min(interval, LONGEST_INTERVAL)),
  };
}

function secondsIn(body: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds >= 0)) throw malformed(name);
  return Math.floor(seconds);
}

function textIn(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  const fits = typeof value === 'string' && value.length <= MAX_LENGTH;
  if (!fits || !/^[\x20-\x7e]+$/.test(value)) throw malformed(name);
  return value;
}

/** The user's browser is sent there. */
function urlIn(body: Readonly<Record<string, unknown>>, name: string): URL | undefined {
  if (body[name] === undefined || body[name] === null || body[name] === '') return undefined;
  const url = URL.parse(textIn(body, name));
  if (url === null || !['https:', 'http:'].includes(url.protocol)) throw malformed(name);
  return url;
}

function malformed(what: string): Refusal {
  return new Refusal('upstream_malformed', `answer: ${what}`);
}
