import { dpopNonce } from './derived.ts';
import { secretsEqual } from './client-secret.ts';

/** For how long one nonce is handed out; it is accepted for as long again. */
const PERIOD_SECONDS = 150;

/**
 * The nonce that a client is to put into its DPoP proofs now (RFC 9449 8):
 * derived, so that every replica knows it and none keeps it, and another for
 * every client, so that two vendors share none.
 *
 * @param root the keyring's `claims`
 */
export function dpopNonceFor(root: Uint8Array, clientId: string, now: Date): string {
  return dpopNonce(root, clientId, periodOf(now));
}

/** Until when a client's nonce is accepted; undefined: not ours, another client's, or too old. */
export function dpopNonceEnd(
  root: Uint8Array,
  clientId: string,
  nonce: string,
  now: Date,
): Date | undefined {
  const current = periodOf(now);
  // The next one too: replicas' clocks differ a little.
  const period = [current, current - 1, current + 1].find((candidate) =>
    secretsEqual(nonce, dpopNonce(root, clientId, candidate)),
  );
  return period === undefined ? undefined : new Date((period + 2) * PERIOD_SECONDS * 1000);
}

function periodOf(now: Date): number {
  return Math.floor(now.getTime() / 1000 / PERIOD_SECONDS);
}
