import { createHash } from 'node:crypto';
import { algorithmFacts, type SignatureAlgorithm } from './algorithms.ts';

/**
 * `at_hash`, `c_hash` or `s_hash` of a value: the left half of its hash, in
 * base64url (OpenID Connect Core 3.1.3.6, 3.3.2.11; FAPI 1.0 Advanced 5.1).
 *
 * @param algorithm that of the ID token which carries the hash
 */
export function tokenHash(value: string, algorithm: SignatureAlgorithm): string {
  const digest = createHash(algorithmFacts(algorithm).hash).update(value, 'utf8').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
