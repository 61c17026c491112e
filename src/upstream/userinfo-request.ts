import { Refusal } from '../errors.ts';
import type { Exchange, UpstreamResponse } from './exchange.ts';
import { jsonObject } from './json.ts';
import type { UpstreamMetadata } from './metadata.ts';

/** What the upstream says of a user, or that it no longer takes the access token. */
export type UserinfoAnswer =
  | {
      readonly kind: 'claims';
      /** The local subject, as in `claims.sub`. */
      readonly subject: string;
      readonly claims: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'refused' };

/** Verifies an answer that the upstream signed; throws where it cannot be believed. */
export type VerifyAnswer = (jwt: string) => Promise<Readonly<Record<string, unknown>>>;

export interface UserinfoRequest {
  readonly exchange: Exchange;
  readonly metadata: UpstreamMetadata;
  readonly accessToken: string;
  /** Undefined: an answer that is signed cannot be read. */
  readonly verify?: VerifyAnswer;
  readonly signal?: AbortSignal;
}

/** OpenID Connect Core 5.3.2. */
const SIGNED = 'application/jwt';

/**
 * Asks for the claims of a user (OpenID Connect Core 5.3), as JSON or as a signed JWT.
 *
 * @throws Refusal of the exchange; `upstream_metadata` when the upstream has no
 *   userinfo endpoint; `upstream_status`, `upstream_media_type`,
 *   `upstream_malformed`; `subject_missing`; those of `verify`.
 */
export async function requestUserinfo(request: UserinfoRequest): Promise<UserinfoAnswer> {
  const { exchange, metadata, accessToken, signal, verify } = request;
  const url = metadata.reached.userinfo_endpoint;
  if (url === undefined) throw new Refusal('upstream_metadata', 'no userinfo_endpoint');
  const response = await exchange({
    method: 'GET',
    url,
    headers: { authorization: `Bearer ${accessToken}` },
    accept: ['application/json', ...(verify === undefined ? [] : [SIGNED])],
    ...(signal !== undefined && { signal }),
  });
  if (refusesToken(response)) return { kind: 'refused' };
  if (response.status === 429 || response.status === 503) {
    throw new Refusal('upstream_unavailable', `status ${response.status}`);
  }
  if (response.status !== 200) throw new Refusal('upstream_status', `status ${response.status}`);
  const isSigned = response.mediaType === SIGNED && verify !== undefined;
  const claims = isSigned
    ? await verify(response.body.toString('latin1').trim())
    : jsonObject(response);
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '') throw new Refusal('subject_missing');
  return { kind: 'claims', subject, claims };
}

/** RFC 6750 3.1; some legacy providers say 400 with the challenge of a 401. */
function refusesToken({ status, headers }: UpstreamResponse): boolean {
  if (status === 401 || status === 403) return true;
  const challenge = String(headers['www-authenticate'] ?? '');
  return status === 400 && /error\s*=\s*"?invalid_token\b/i.test(challenge);
}
