import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { UpstreamCredentials } from '../upstream/client-authentication.ts';
import { errorWord } from '../upstream/error-answer.ts';
import type { TokenRefusal } from '../upstream/error-answer.ts';
import type { TokenResult, UpstreamTokens } from '../upstream/token-request.ts';
import type { AuthenticatedClient } from './client-authentication.ts';

/** Who asks the upstream: with the vendor's credential, which is forwarded, or with one of ours. */
export type Asker = Pick<AuthenticatedClient, 'upstream' | 'otherReading'> &
  (
    | { readonly forwarded: false }
    | ({ readonly forwarded: true } & Pick<AuthenticatedClient, 'failed'>)
  );

/**
 * The upstream's tokens, or what its refusal means for who asked.
 *
 * @throws Refusal `onInvalidGrant`, and those of {@link acceptedByUpstream}
 */
export function upstreamTokens(
  asker: Asker,
  ask: (credentials: UpstreamCredentials) => Promise<TokenResult>,
  onInvalidGrant: Reason,
): Promise<UpstreamTokens> {
  return acceptedByUpstream(asker, ask, new Map([['invalid_grant', onInvalidGrant]]));
}

/**
 * What the upstream answers, or what its refusal means for who asked:
 * by the upstream's own word, else by the standard code that it comes to. Where a
 * forwarded secret can be read in two ways, a refused first reading has spent
 * nothing, so the second one is tried.
 *
 * @throws Refusal as `meanings` say; `client_authentication_failed`, `upstream_client`,
 *   `upstream_unavailable`, `upstream_status`, and those of `ask`
 */
export async function acceptedByUpstream<T extends { readonly kind: string }>(
  asker: Asker,
  ask: (credentials: UpstreamCredentials) => Promise<T | TokenRefusal>,
  meanings: ReadonlyMap<string, Reason>,
): Promise<T> {
  const { upstream, otherReading } = asker;
  let result = await ask(upstream);
  if (otherReading !== undefined && refusesClient(result)) result = await ask(otherReading);
  if (!isRefusal(result)) return result;
  const detail = `${result.upstreamError}: ${result.upstreamDescription ?? ''}`;
  if (refusesClient(result)) {
    throw asker.forwarded ? await asker.failed() : new Refusal('upstream_client', detail);
  }
  const reason = meanings.get(errorWord(result.upstreamError) ?? '') ?? meanings.get(result.error);
  if (reason !== undefined) throw new Refusal(reason, detail);
  const isBusy = result.error === 'temporarily_unavailable';
  throw new Refusal(isBusy ? 'upstream_unavailable' : 'upstream_status', detail);
}

function isRefusal(result: { readonly kind: string }): result is TokenRefusal {
  return result.kind === 'refused';
}

function refusesClient(result: { readonly kind: string }): boolean {
  if (!isRefusal(result)) return false;
  return result.error === 'invalid_client' || result.error === 'unauthorized_client';
}
