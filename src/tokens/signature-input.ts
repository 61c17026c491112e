import { constants } from 'node:crypto';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';

/** How node:crypto is told of a key what JOSE means by an algorithm (RFC 7518 3.3 to 3.5, RFC 8037 3.1). */
export function signatureInput(algorithm: string, key: KeyObject): SignKeyObjectInput {
  if (algorithm.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
  if (!algorithm.startsWith('PS')) return { key };
  return {
    ...{ key, padding: constants.RSA_PKCS1_PSS_PADDING },
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
}
