import { exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';

/** What a client may have answers encrypted with; undefined: it names no content encryption. */
export const ENCRYPTION_CASES = (
  ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'] as const
).flatMap((alg) =>
  ([undefined, 'A128CBC-HS256', 'A128GCM', 'A256GCM'] as const).map((enc) => ({
    id: `${alg}-${enc ?? 'default'}`.toLowerCase().replaceAll('+', '-'),
    alg,
    enc,
  })),
);

/** A new key of a client, of which `privateKeys` keeps the private half under its id. */
export async function newEncryptionKey(
  privateKeys: Map<string, CryptoKey>,
  id: string,
  alg: string,
): Promise<JWK> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, crv: 'P-256' });
  privateKeys.set(id, privateKey);
  return { ...(await exportJWK(publicKey)), kid: id, use: 'enc' };
}
