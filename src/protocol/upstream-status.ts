import { randomBytes } from 'node:crypto';
import { Refusal } from '../errors.ts';
import type { UpstreamCredentials } from '../upstream/client-authentication.ts';
import { introspectUpstream } from '../upstream/introspection-request.ts';
import type { UpstreamIntrospection } from '../upstream/introspection-request.ts';
import { revokeUpstream } from '../upstream/revocation-request.ts';
import type { AuthenticatedClient } from './client-authentication.ts';
import type { OpenedToken } from './opened-token.ts';
import type { IssueParts } from './token-issue.ts';

type Parts = Pick<IssueParts, 'upstream' | 'exchange'>;

/** A token of the upstream's; undefined: one that nobody issued, to have a credential judged. */
type Asked = Pick<OpenedToken, 'upstreamToken' | 'hint'> | undefined;

/** Who asks the upstream: the credentials to try in turn, and what their refusal means. */
export interface UpstreamCaller {
  readonly credentials: readonly UpstreamCredentials[];
  refused(): Promise<Refusal>;
}

/** The vendor's own credential, which the upstream judges. */
export function forwardedCaller(caller: AuthenticatedClient): UpstreamCaller {
  const { upstream, otherReading } = caller;
  const credentials = otherReading === undefined ? [upstream] : [upstream, otherReading];
  return { credentials, refused: () => caller.failed() };
}

/** A credential of the proxy's, which the upstream ought to take. */
export function terminatedCaller(credentials: UpstreamCredentials): UpstreamCaller {
  return {
    credentials: [credentials],
    refused: () =>
      Promise.resolve(new Refusal('upstream_client', 'at introspection or revocation')),
  };
}

/**
 * Whether the upstream still takes its token; undefined where it has no
 * introspection for such a token.
 *
 * @throws Refusal of {@link introspectUpstream}, and what the caller's refusal means
 */
export async function introspectedUpstream(
  parts: Parts,
  caller: UpstreamCaller,
  asked: Asked,
): Promise<(UpstreamIntrospection & { readonly kind: 'answer' }) | undefined> {
  const metadata = parts.upstream.metadata();
  if (metadata.reached.introspection_endpoint === undefined) return undefined;
  for (const credentials of caller.credentials) {
    const answer = await introspectUpstream({
      ...{ exchange: parts.exchange, metadata, credentials },
      ...tokenOf(asked),
    });
    if (answer.kind === 'answer') return answer;
    if (answer.kind === 'unsupported') return undefined;
  }
  throw await caller.refused();
}

/**
 * Revokes a token at the upstream; false where it has no revocation.
 *
 * @throws Refusal of {@link revokeUpstream}, and what the caller's refusal means
 */
export async function revokedUpstream(
  parts: Parts,
  caller: UpstreamCaller,
  asked: Asked,
): Promise<boolean> {
  const metadata = parts.upstream.metadata();
  if (metadata.reached.revocation_endpoint === undefined) return false;
  for (const credentials of caller.credentials) {
    const outcome = await revokeUpstream({
      ...{ exchange: parts.exchange, metadata, credentials },
      ...tokenOf(asked),
    });
    if (outcome === 'done') return true;
  }
  throw await caller.refused();
}

function tokenOf(asked: Asked): { token: string; hint: OpenedToken['hint'] } {
  return asked === undefined
    ? { token: randomBytes(32).toString('base64url'), hint: 'access_token' }
    : { token: asked.upstreamToken, hint: asked.hint };
}
