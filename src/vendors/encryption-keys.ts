import type { ClientKey } from './client-keys.ts';

/** How the content key reaches a client (RFC 7518 4): asymmetric ways only. */
export const KEY_MANAGEMENT = [
  'RSA-OAEP-256',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A256KW',
] as const;

/** How content is encrypted for a client (RFC 7518 5); the first is the default of OpenID Connect. */
export const CONTENT_ENCRYPTION = ['A128CBC-HS256', 'A128GCM', 'A256GCM'] as const;

export type KeyManagement = (typeof KEY_MANAGEMENT)[number];
export type ContentEncryption = (typeof CONTENT_ENCRYPTION)[number];

const AGREEMENT_CURVES: readonly string[] = ['P-256', 'P-384', 'P-521', 'X25519'];
const OPERATIONS: readonly string[] = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];

/**
 * The key of a JWKS to encrypt to: of the right type and curve, not meant for
 * another algorithm or for signatures (RFC 7517 4); one that says `enc` first.
 */
export function encryptionKey(
  keys: readonly ClientKey[],
  algorithm: KeyManagement,
): ClientKey | undefined {
  const fitting = keys.filter((key) => fits(key, algorithm));
  return fitting.find((key) => key.use === 'enc') ?? fitting[0];
}

function fits(key: ClientKey, algorithm: KeyManagement): boolean {
  if (key.use === 'sig') return false;
  if (key.alg !== undefined && key.alg !== algorithm) return false;
  if (key.key_ops?.some((operation) => OPERATIONS.includes(operation)) === false) return false;
  if (algorithm === 'RSA-OAEP-256') return key.kty === 'RSA';
  return key.kty !== 'RSA' && AGREEMENT_CURVES.includes(key.crv ?? '');
}
