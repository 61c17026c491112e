import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';

let count = 0;

/** A private RS256 key of the legacy provider, as a JWK with a `kid`. */
export async function newLegacyKey(): Promise<JWK & { kid: string }> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  count += 1;
  return { ...(await exportJWK(privateKey)), kid: `legacy-${count}`, alg: 'RS256', use: 'sig' };
}
