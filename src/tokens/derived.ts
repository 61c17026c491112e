import { createHash } from 'node:crypto';

import { keyedHash } from '../keyed-hash.ts';

/** No value of one label is ever a value of another. */
function keyed(root: Uint8Array, label: string, fields: readonly (string | Uint8Array)[]): Buffer {
  return keyedHash(root, `pairwise-proxy ${label}`, ...fields);
}

/**
 * Our `sid` for an upstream `sid`, the same for all clients of one sector and
 * unrelated in every other; 43 characters of base64url.
 *
 * @param root the keyring's `claims`
 */
export function sidFor(root: Uint8Array, sector: string, upstreamSid: string): string {
  return keyed(root, 'sid', [sector, upstreamSid]).toString('base64url');
}

/**
 * By how many whole seconds, 0 to 59, `auth_time` is moved earlier for one user
 * in one sector. Constant for the user, so that repeated logins do not average it away.
 *
 * @param root the keyring's `claims`
 */
export function authTimeOffset(root: Uint8Array, sector: string, userIndex: Uint8Array): number {
  return keyed(root, 'auth_time', [sector, userIndex]).readUInt32BE() % 60;
}

/**
 * The nonce we send upstream for a transaction; 43 characters of base64url.
 *
 * @param root the keyring's `seal`
 */
export function upstreamNonce(root: Uint8Array, transactionId: string): string {
  return keyed(root, 'upstream nonce', [transactionId]).toString('base64url');
}

/**
 * The PKCE verifier (RFC 7636 section 4.1) we use upstream for a transaction; 43 characters.
 *
 * @param root the keyring's `seal`
 */
export function upstreamCodeVerifier(root: Uint8Array, transactionId: string): string {
  return keyed(root, 'upstream code verifier', [transactionId]).toString('base64url');
}

/**
 * The nonce that one client puts into its DPoP proofs (RFC 9449 section 8) in
 * one period; 43 characters of base64url.
 *
 * @param root the keyring's `claims`
 */
export function dpopNonce(root: Uint8Array, clientId: string, period: number): string {
  return keyed(root, 'dpop nonce', [clientId, String(period)]).toString('base64url');
}

/**
 * The hash that a transaction keeps of the random cookie which binds its
 * browser; 43 characters of base64url.
 */
export function browserHash(value: string): string {
  return createHash('sha256').update('pairwise-proxy browser\0').update(value).digest('base64url');
}

/**
 * The `jti` of an event for one receiver: the same each time it is sent, so that the
 * receiver knows it again, and unrelated for every other receiver; 43 characters of base64url.
 *
 * @param root the keyring's `claims`
 */
export function eventId(root: Uint8Array, receiver: string, event: string): string {
  return keyed(root, 'event', [receiver, event]).toString('base64url');
}
