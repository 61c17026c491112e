import { Refusal } from '../errors.ts';
import { upstreamAuthentication } from './client-authentication.ts';
import type { ClientAuthentication, UpstreamCredentials } from './client-authentication.ts';
import { tokenRefusal } from './error-answer.ts';
import type { TokenRefusal } from './error-answer.ts';
import type { Exchange } from './exchange.ts';
import { jsonObject } from './json.ts';
import type { UpstreamMetadata } from './metadata.ts';
import { undecodedCredentials } from './undecoded-credentials.ts';

/** What fits into a seal of ours together with the grant, in characters. */
const MAX_TOKEN_LENGTH = 14 * 1024;
const MAX_SCOPE_LENGTH = 8 * 1024;

/** The known members of a successful token response (RFC 6749 5.1); all others are dropped. */
export interface UpstreamTokens {
  readonly kind: 'tokens';
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  readonly scope: string | undefined;
}

export type TokenResult = UpstreamTokens | TokenRefusal;

/** What every token request goes out with. */
export interface TokenRequest {
  readonly exchange: Exchange;
  readonly metadata: UpstreamMetadata;
  readonly credentials: UpstreamCredentials;
  readonly signal?: AbortSignal;
}

export interface CodeRedemption extends TokenRequest {
  readonly code: string;
  /** As in the authorization request. */
  readonly redirectUri: string;
  /** Undefined where the authorization request had no challenge. */
  readonly codeVerifier: string | undefined;
}

export interface ClientTokenRequest extends TokenRequest {
  /** Undefined: whatever the upstream gives. */
  readonly scope: string | undefined;
  /** RFC 8707; undefined: none. */
  readonly resource: string | undefined;
}

export interface TokenRefresh extends TokenRequest {
  readonly refreshToken: string;
  /** Undefined: as granted. */
  readonly scope?: string | undefined;
}

/**
 * Redeems an authorization code (RFC 6749 4.1.3, RFC 7636 4.5).
 *
 * @throws Refusal of the exchange; `upstream_status`, `upstream_media_type` or
 *   `upstream_malformed` for an answer that is neither tokens nor a refusal;
 *   `upstream_token_missing` for one without an access token.
 */
export function redeemCode(redemption: CodeRedemption): Promise<TokenResult> {
  const { code, redirectUri, codeVerifier } = redemption;
  return requestTokens(redemption, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    ...(codeVerifier !== undefined && { code_verifier: codeVerifier }),
  });
}

/**
 * Asks for a token of the client itself (RFC 6749 4.4).
 *
 * @throws Refusal as {@link redeemCode}.
 */
export function requestClientToken(request: ClientTokenRequest): Promise<TokenResult> {
  const { scope, resource } = request;
  return requestTokens(request, {
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(resource !== undefined && { resource }),
  });
}

/**
 * Refreshes tokens (RFC 6749 6).
 *
 * @throws Refusal as {@link redeemCode}.
 */
export function refreshTokens(refresh: TokenRefresh): Promise<TokenResult> {
  const { refreshToken, scope } = refresh;
  return requestTokens(refresh, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...(scope !== undefined && { scope }),
  });
}

/**
 * Any grant at the token endpoint (RFC 6749 4.5), by its parameters.
 *
 * @throws Refusal as {@link redeemCode}.
 */
export async function requestTokens(
  { exchange, metadata, credentials, signal }: TokenRequest,
  grant: Readonly<Record<string, string>>,
): Promise<TokenResult> {
  const authentication = await upstreamAuthentication(metadata, credentials);
  const ask = async ({ headers, parameters }: ClientAuthentication): Promise<TokenResult> => {
    const response = await exchange({
      method: 'POST',
      url: metadata.reached.token_endpoint,
      headers,
      body: new URLSearchParams({ ...grant, ...parameters }),
      accept: ['application/json'],
      ...(signal !== undefined && { signal }),
    });
    return tokenRefusal(response) ?? tokensIn(jsonObject(response));
  };
  const result = await ask(authentication);
  if (result.kind === 'tokens' || result.error !== 'invalid_client') return result;
  // Nothing was spent by a client that was not known.
  const undecoded = undecodedCredentials(authentication);
  return undecoded === undefined ? result : ask(undecoded);
}

function tokensIn(body: Readonly<Record<string, unknown>>): UpstreamTokens {
  const accessToken = tokenIn(body, 'access_token');
  if (accessToken === undefined) throw new Refusal('upstream_token_missing', 'no access token');
  checkTokenType(body['token_type']);
  return {
    kind: 'tokens',
    accessToken,
    tokenType: 'Bearer',
    expiresIn: expiresIn(body['expires_in']),
    refreshToken: tokenIn(body, 'refresh_token'),
    idToken: tokenIn(body, 'id_token'),
    scope: scopeIn(body['scope']),
  };
}

/** RFC 6749 appendix A.12: a token is visible characters and spaces; it goes into a header again. */
function tokenIn(body: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value)) throw malformed(name);
  if (value.length > MAX_TOKEN_LENGTH) throw malformed(`${name} over ${MAX_TOKEN_LENGTH} bytes`);
  return value;
}

/** Required by RFC 6749 5.1 and forgotten by some; compared without case (RFC 6749 7.1). */
function checkTokenType(value: unknown): void {
  if (value === undefined || value === null || value === '') return;
  if (typeof value !== 'string' || value.toLowerCase() !== 'bearer') throw malformed('token_type');
}

/** A number of seconds, which some legacy providers send as text. */
function expiresIn(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const isDigits = typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value);
  const seconds = Math.floor(isDigits ? Number(value) : typeof value === 'number' ? value : -1);
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw malformed('expires_in');
  return seconds;
}

/** Space-separated, or the list of strings that some legacy providers send. */
function scopeIn(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!parts.every((part) => typeof part === 'string')) throw malformed('scope');
  const scope = parts.join(' ');
  if (scope.length > MAX_SCOPE_LENGTH || !/^[\x20-\x7e]*$/.test(scope)) throw malformed('scope');
  return scope;
}

function malformed(what: string): Refusal {
  return new Refusal('upstream_malformed', `token response: ${what}`);
}
