import type { FrontChannel } from '../config/types.ts';
import type { SealValue } from '../tokens/seal.ts';
import type { Seals } from './seals.ts';

/** What a logout request leaves behind until the upstream is done: our `state` towards it. */
export interface LogoutTransaction {
  readonly clientId: string;
  /** The vendor's post-logout redirect URI; undefined: the user stays at the upstream. */
  readonly returnTo: string | undefined;
  /** The vendor's own `state`. */
  readonly state: string | undefined;
  /** Hash of the cookie that binds the browser. */
  readonly browser: string;
  readonly frontChannel: FrontChannel;
  /** The grant whose upstream ID token the relay may add on the way upstream. */
  readonly grantId: string | undefined;
}

/** A user may take this long to confirm, in seconds. */
const LOGOUT_SECONDS = 3600;

/** Seals the `state` of a logout; `beforeKeeping` as in {@link Seals.seal}. */
export function sealLogout(
  seals: Seals,
  logout: LogoutTransaction,
  now: Date,
  beforeKeeping: () => Promise<void>,
): Promise<string> {
  const expiresAt = new Date(now.getTime() + LOGOUT_SECONDS * 1000);
  const contents = {
    c: logout.clientId,
    r: logout.returnTo ?? null,
    s: logout.state ?? null,
    b: logout.browser,
    f: logout.frontChannel,
    g: logout.grantId ?? null,
  };
  return seals.seal('logout', contents, { now, expiresAt }, beforeKeeping);
}

/** Opens the one `state` among parameters; undefined: no logout of ours. */
export async function openLogout(
  seals: Seals,
  parameters: URLSearchParams,
  now: Date,
): Promise<LogoutTransaction | undefined> {
  const [state, ...more] = parameters.getAll('state');
  if (state === undefined || more.length > 0) return undefined;
  const opened = await seals.unseal('logout', state, now);
  if (!opened.ok) return undefined;
  const { contents } = opened.value;
  return {
    clientId: String(contents['c']),
    returnTo: text(contents['r']),
    state: text(contents['s']),
    browser: String(contents['b']),
    frontChannel: contents['f'] === 'callback' ? 'callback' : 'relay',
    grantId: text(contents['g']),
  };
}

function text(value: SealValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
