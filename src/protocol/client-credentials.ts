import { Refusal } from '../errors.ts';
import { assertedClientId } from '../tokens/client-assertion.ts';
import { ASSERTION_TYPE } from './client-assertion.ts';
import { optional } from './parameters.ts';

/** What a vendor presented to authenticate its client. */
export interface PresentedCredentials {
  readonly clientId: string;
  /**
   * The secret in each reading of the header: percent-decoded as RFC 6749 2.3.1
   * says, and as it stands, since many libraries do not encode. Undefined: none.
   */
  readonly secrets: readonly string[] | undefined;
  /** A signed assertion (RFC 7523 2.2). */
  readonly assertion?: string | undefined;
  /** Whether the header was used; a refusal then carries `WWW-Authenticate`. */
  readonly basic: boolean;
}

/** Reads client credentials from the header or the form; two at once are refused (RFC 6749 2.3). */
export function presentedCredentials(
  authorization: string | undefined,
  form: URLSearchParams,
): readonly PresentedCredentials[] {
  const clientId = optional(form, 'client_id');
  const secret = optional(form, 'client_secret');
  if (form.has('client_assertion') || form.has('client_assertion_type')) {
    if (authorization !== undefined || secret !== undefined) {
      throw new Refusal('request_malformed', 'two credentials');
    }
    return [assertionCredentials(form)];
  }
  if (authorization !== undefined) {
    if (secret !== undefined) throw new Refusal('request_malformed', 'two credentials');
    const readings = basicCredentials(authorization);
    if (clientId !== undefined && !readings.some((reading) => reading.clientId === clientId)) {
      throw new Refusal('request_malformed', 'client_id differs from the credentials');
    }
    return readings;
  }
  if (clientId === undefined) throw new Refusal('client_authentication_missing');
  return [{ clientId, secrets: secret === undefined ? undefined : [secret], basic: false }];
}

/** RFC 7521 4.2: `client_id` is optional, and must be the one of the assertion. */
function assertionCredentials(form: URLSearchParams): PresentedCredentials {
  const assertion = optional(form, 'client_assertion');
  if (optional(form, 'client_assertion_type') !== ASSERTION_TYPE || assertion === undefined) {
    throw new Refusal('client_authentication_method', `client_assertion_type: ${ASSERTION_TYPE}`);
  }
  const clientId = assertedClientId(assertion);
  if (clientId === undefined) throw new Refusal('client_assertion_invalid', 'it names no client');
  const named = optional(form, 'client_id');
  if (named !== undefined && named !== clientId) {
    throw new Refusal('request_malformed', 'client_id differs from the credentials');
  }
  return { clientId, secrets: undefined, assertion, basic: false };
}

/** The decoded reading first; a second one where the raw client id is another. */
function basicCredentials(authorization: string): readonly PresentedCredentials[] {
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization);
  if (match?.[1] === undefined) {
    throw new Refusal('client_authentication_method', 'the Authorization header is not Basic');
  }
  const pair = Buffer.from(match[1], 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) throw new Refusal('request_malformed', 'Basic credentials without a colon');
  const raw = { clientId: pair.slice(0, colon), secret: pair.slice(colon + 1) };
  const decoded = { clientId: formDecode(raw.clientId), secret: formDecode(raw.secret) };
  if (decoded.clientId === raw.clientId) {
    const secrets = [...new Set([decoded.secret, raw.secret])];
    return [{ clientId: raw.clientId, secrets, basic: true }];
  }
  return [decoded, raw].map(({ clientId, secret }) => ({
    clientId,
    secrets: [secret],
    basic: true,
  }));
}

/** application/x-www-form-urlencoded decoding; text that was not encoded stays as it is. */
function formDecode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}
