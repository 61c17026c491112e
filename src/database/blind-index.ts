import { keyedHash } from '../keyed-hash.ts';

/**
 * The user index: 32 bytes that stand for one local subject in one sector,
 * without telling which. It differs from sector to sector, so that not even a
 * stolen database shows which rows are one user.
 */
export function userIndex(indexRoot: Uint8Array, sector: string, localSubject: string): Buffer {
  return keyedHash(indexRoot, 'user index', sector, localSubject);
}
