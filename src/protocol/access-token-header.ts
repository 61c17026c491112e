import { Refusal } from '../errors.ts';
import type { ProtocolRequest } from './message.ts';
import { optional, refuseDuplicates } from './parameters.ts';

/** An access token as it was presented. */
export interface PresentedAccessToken {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/**
 * The access token of a request (RFC 6750 2.1 and 2.2, RFC 9449 7.1). One in the
 * query is not taken, and two tokens are one too many.
 *
 * @throws Refusal `token_missing`, `request_malformed` or `parameter_duplicated`
 */
export function presentedAccessToken(request: ProtocolRequest): PresentedAccessToken {
  refuseDuplicates(request.form);
  const header = request.headers['authorization'];
  const inForm = optional(request.form, 'access_token');
  if (header === undefined) {
    if (inForm === undefined) throw new Refusal('token_missing');
    return { scheme: 'Bearer', token: inForm };
  }
  if (inForm !== undefined) throw new Refusal('request_malformed', 'two access tokens');
  const [, scheme, token] = /^(bearer|dpop) +([\w.~+/-]+=*) *$/i.exec(header) ?? [];
  if (scheme === undefined || token === undefined) {
    throw new Refusal('token_missing', 'neither a Bearer nor a DPoP token');
  }
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}
