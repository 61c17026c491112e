import { compactVerify, type CryptoKey } from 'jose';
import { isCanonicalJws } from './base64url.ts';

/** The payload of a compact JWS whose signature holds under one of the keys; undefined: none does. */
export async function verifiedPayload(
  jws: string,
  keys: readonly (CryptoKey | Uint8Array)[],
  algorithm: string,
): Promise<Uint8Array | undefined> {
  if (!isCanonicalJws(jws)) return undefined;
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(jws, key, { algorithms: [algorithm] });
      return payload;
    } catch {
      // Whatever keeps a signature from holding, it does not hold.
    }
  }
  return undefined;
}
