import { LRUCache } from 'lru-cache';

import { asBuffer, bytes } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import type { Pseudonym } from './store.ts';

/**
 * Notes that a client is given a user's pseudonym, the first time: later changes
 * of it concern the client, earlier ones do not.
 */
export async function noteGiven(
  trx: Transaction,
  clientId: string,
  { sector, userIndex, generation }: Pseudonym,
): Promise<void> {
  await trx('given_subjects')
    .insert({
      client_id: bytes(clientId),
      sector: bytes(sector),
      user_index: asBuffer(userIndex),
      generation,
    })
    .onConflict(['client_id', 'user_index'])
    .ignore();
}

/** Which users this process has noted for which clients, so that a login asks only once. */
export class NotedGifts {
  readonly #changes: LRUCache<string, number>;

  constructor(size: number) {
    this.#changes = new LRUCache({ max: size });
  }

  /** The position of the change log at which it was noted. */
  notedAt(clientId: string, userIndex: Uint8Array): number | undefined {
    return this.#changes.get(keyOf(clientId, userIndex));
  }

  note(clientId: string, userIndex: Uint8Array, change: number): void {
    this.#changes.set(keyOf(clientId, userIndex), change);
  }
}

function keyOf(clientId: string, userIndex: Uint8Array): string {
  return `${asBuffer(userIndex).toString('base64')} ${clientId}`;
}
