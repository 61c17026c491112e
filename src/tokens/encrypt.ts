import { CompactEncrypt, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { failure, success, type Result } from '../result.ts';

/** To whom, and how, something is encrypted. */
export interface EncryptionTarget {
  /** A public key of the client's (RFC 7517). */
  readonly key: object;
  /** RFC 7518 4.1 and 5.1. */
  readonly alg: string;
  readonly enc: string;
}

/**
 * Encrypts a JWT of ours for a client (RFC 7519 5.2: signed first, then
 * encrypted, `cty` JWT). Never compressed: lengths would tell of the contents.
 *
 * @returns `client_key_missing` for a key that cannot be used
 */
export function encryptJwt(jwt: string, target: EncryptionTarget): Promise<Result<string>> {
  return encrypt(jwt, { cty: 'JWT' }, target);
}

/** Encrypts claims that nobody signed (OpenID Connect Core 5.3.2); as {@link encryptJwt}. */
export function encryptClaims(
  claims: Readonly<Record<string, unknown>>,
  target: EncryptionTarget,
): Promise<Result<string>> {
  return encrypt(JSON.stringify(claims), {}, target);
}

async function encrypt(
  text: string,
  header: { readonly cty?: string },
  { key, alg, enc }: EncryptionTarget,
): Promise<Result<string>> {
  const jwk = key as JWK;
  let publicKey: CryptoKey | Uint8Array;
  try {
    publicKey = await importJWK(jwk, alg);
  } catch {
    return failure('client_key_missing', 'a key of the client cannot be imported');
  }
  const kid = jwk.kid === undefined ? {} : { kid: jwk.kid };
  const encrypted = new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg, enc, ...kid, ...header })
    .encrypt(publicKey);
  return success(await encrypted);
}
