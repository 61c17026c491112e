import { Refusal } from '../errors.ts';
import type { UpstreamResponse } from './exchange.ts';
import { jsonObject } from './json.ts';

/** The codes of RFC 6749 5.2, and the one of 4.1.2.1 that a token endpoint has a use for too. */
type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable';

/** The upstream said no. */
export interface TokenRefusal {
  readonly kind: 'refused';
  readonly error: TokenErrorCode;
  /** For the log alone: the upstream's own words, cut, free of control characters. They can name users. */
  readonly upstreamError: string | undefined;
  readonly upstreamDescription: string | undefined;
}

/** What legacy providers say instead of the standard codes, by the word that they say. */
const MEANINGS: ReadonlyMap<string, TokenErrorCode> = new Map<string, TokenErrorCode>([
  ['invalid_request', 'invalid_request'],
  ['invalid_client', 'invalid_client'],
  ['invalid_grant', 'invalid_grant'],
  ['unauthorized_client', 'unauthorized_client'],
  ['unsupported_grant_type', 'unsupported_grant_type'],
  ['invalid_scope', 'invalid_scope'],
  ['temporarily_unavailable', 'temporarily_unavailable'],
  ['invalid_client_id', 'invalid_client'],
  ['invalid_client_secret', 'invalid_client'],
  ['invalid_client_credentials', 'invalid_client'],
  ['incorrect_client_credentials', 'invalid_client'],
  ['bad_client_credentials', 'invalid_client'],
  ['client_not_found', 'invalid_client'],
  ['unauthorized', 'invalid_client'],
]);

/**
 * The refusal in an answer of the token endpoint; undefined where there is none.
 * Legacy providers refuse with 400, 401, 403 or 428, and some with 200 and an error
 * object. A code that nobody knows becomes `invalid_client` under 401, else
 * `invalid_grant`: the user logs in once more.
 *
 * @throws Refusal `upstream_unavailable` for 429 and 503, `upstream_status` for
 *   any other status that is neither success nor a readable refusal, and for the
 *   code `server_error`.
 */
export function tokenRefusal(response: UpstreamResponse): TokenRefusal | undefined {
  const { status } = response;
  if (status === 429 || status === 503) {
    throw new Refusal('upstream_unavailable', `status ${status}`);
  }
  if (status === 200) {
    const error = errorOf(jsonObject(response));
    return error === undefined ? undefined : refused(status, error);
  }
  // 428: how one large provider says that a device has to wait.
  const error = [400, 401, 403, 428].includes(status) ? readableError(response) : undefined;
  if (error !== undefined) return refused(status, error);
  if (status === 401) return refused(status, { code: undefined, description: undefined });
  throw new Refusal('upstream_status', `status ${status}`);
}

interface UpstreamError {
  readonly code: string | undefined;
  readonly description: string | undefined;
}

/** A legacy provider's error code in the spelling of the standards. */
export function errorWord(code: string | undefined): string | undefined {
  return code?.toLowerCase().replaceAll(/[\s-]+/g, '_');
}

function refused(status: number, { code, description }: UpstreamError): TokenRefusal {
  const word = errorWord(code);
  if (word === 'server_error') throw new Refusal('upstream_status', `status ${status}, ${word}`);
  const otherwise = status === 401 ? 'invalid_client' : 'invalid_grant';
  return {
    kind: 'refused',
    error: (word === undefined ? undefined : MEANINGS.get(word)) ?? otherwise,
    upstreamError: code,
    upstreamDescription: description,
  };
}

function readableError(response: UpstreamResponse): UpstreamError | undefined {
  try {
    return errorOf(jsonObject(response));
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The error is a string (RFC 6749 5.2), or an object around one, as some vendors have it. */
function errorOf(body: Readonly<Record<string, unknown>>): UpstreamError | undefined {
  const error = body['error'];
  if (error === undefined || error === null || error === '') return undefined;
  if (typeof error === 'object') {
    const inner = error as Readonly<Record<string, unknown>>;
    return {
      code: speakable(inner['code'] ?? inner['type']),
      description: speakable(inner['message']),
    };
  }
  return { code: speakable(error), description: speakable(body['error_description']) };
}

function speakable(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.replaceAll(/\p{C}/gu, ' ').slice(0, 200);
}
