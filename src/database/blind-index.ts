import { createHmac } from 'node:crypto';

import { bytes, lengthPrefixed } from './bytes.ts';
import { secretKey } from './secret-key.ts';

/**
 * The user index: 32 bytes that stand for one local subject in one sector,
 * without telling which. It differs from sector to sector, so that not even a
 * stolen database shows which rows are one user.
 */
export function userIndex(indexRoot: Uint8Array, sector: string, localSubject: string): Buffer {
  return createHmac('sha256', secretKey(indexRoot))
    .update(lengthPrefixed(bytes('user index'), bytes(sector), bytes(localSubject)))
    .digest();
}
