import type { Reason } from '../errors.ts';
import type { Result } from '../result.ts';
import { failure, success } from '../result.ts';
import { Concealed } from '../tokens/seal.ts';
import type { Seals } from './seals.ts';

/** What our `device_code` or `auth_req_id` carries: a login that goes on elsewhere. */
export interface PendingLogin {
  readonly clientId: string;
  /** The upstream's own `device_code` or `auth_req_id`. */
  readonly upstreamValue: string;
  /** As asked of the upstream, already narrowed. */
  readonly scope: string;
  /** User indexes of whom it may be, base64url; undefined: anybody. */
  readonly hinted: readonly string[] | undefined;
  /** The change-log position that held when the login began. */
  readonly change: number;
}

/** The two kinds, by the parameter that carries them. */
export type PendingLoginKind = 'device_code' | 'auth_req_id';

/** Seals a login that was begun upstream into what the vendor polls with. */
export function sealPendingLogin(
  seals: Seals,
  kind: PendingLoginKind,
  login: PendingLogin,
  times: { now: Date; expiresAt: Date },
): Promise<string> {
  const { clientId, upstreamValue, scope, hinted, change } = login;
  const contents = {
    ...{ c: clientId, u: new Concealed(upstreamValue), o: scope, x: hinted ?? null },
    n: change,
  };
  return seals.seal(kind, contents, times);
}

/** @returns `pending_login_invalid` or `authorization_expired` */
export async function openPendingLogin(
  seals: Seals,
  kind: PendingLoginKind,
  value: string,
  now: Date,
): Promise<Result<PendingLogin & { readonly expiresAt: Date }>> {
  const opened = await seals.unseal(kind, value, now);
  if (!opened.ok) return failure(reasonOf(opened.reason));
  const { contents, expiresAt } = opened.value;
  return success({
    clientId: String(contents['c']),
    upstreamValue: String(contents['u']),
    scope: String(contents['o']),
    change: Number(contents['n']),
    hinted: Array.isArray(contents['x']) ? contents['x'].map(String) : undefined,
    expiresAt,
  });
}

function reasonOf(reason: Reason): Reason {
  return reason === 'seal_expired' ? 'authorization_expired' : 'pending_login_invalid';
}
