import { userIndex } from './blind-index.ts';
import { asBuffer } from './bytes.ts';
import type { Transaction } from './connection.ts';

/** No sector is called that: their names have no blanks. */
const ACCOUNT = 'account session';

/** Under what the sessions of a user at `/account` are kept; another index than in any sector. */
export function accountIndex(indexRoot: Uint8Array, localSubject: string): Buffer {
  return userIndex(indexRoot, ACCOUNT, localSubject);
}

/** Ends every session of a user at `/account`. */
export function deleteAccountSessions(trx: Transaction, index: Uint8Array): Promise<number> {
  return trx('sealed_references')
    .where({ user_index: asBuffer(index) })
    .del();
}
