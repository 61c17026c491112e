import { Refusal } from '../errors.ts';
import { postAuthenticated } from './authenticated-post.ts';
import type { AuthenticatedPost } from './authenticated-post.ts';
import { tokenRefusal } from './error-answer.ts';
import { jsonObject } from './json.ts';

/** A question about a token that the upstream issued. */
export interface UpstreamTokenRequest extends AuthenticatedPost {
  readonly token: string;
  readonly hint: 'access_token' | 'refresh_token';
}

/** What is believed of the upstream's answer; or it refused whoever asked. */
export type UpstreamIntrospection =
  | {
      readonly kind: 'answer';
      readonly active: boolean;
      /** Seconds since 1970; undefined where the upstream does not say. */
      readonly expiresAt: number | undefined;
    }
  /** It has introspection, but not for this kind of token, as where its access tokens are JWTs. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'client_refused' };

/**
 * Asks the upstream whether a token of its own is still good (RFC 7662 2.1).
 *
 * @throws Refusal of the exchange; `upstream_metadata` without the endpoint;
 *   `upstream_unavailable`, `upstream_status`, `upstream_media_type`, `upstream_malformed`.
 */
export async function introspectUpstream(
  request: UpstreamTokenRequest,
): Promise<UpstreamIntrospection> {
  const url = request.metadata.reached.introspection_endpoint;
  if (url === undefined) throw new Refusal('upstream_metadata', 'no introspection_endpoint');
  const response = await postAuthenticated(request, url, {
    token: request.token,
    token_type_hint: request.hint,
  });
  const refused = tokenRefusal(response);
  if (refused !== undefined) {
    if (['invalid_client', 'unauthorized_client'].includes(refused.error)) {
      return { kind: 'client_refused' };
    }
    if (refused.upstreamError === 'unsupported_token_type') return { kind: 'unsupported' };
    throw new Refusal('upstream_status', `introspection: ${refused.upstreamError ?? ''}`);
  }
  const { active, exp } = jsonObject(response);
  const expiresAt = typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined;
  return { kind: 'answer', active: active === true, expiresAt };
}
