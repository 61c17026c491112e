import type { Connection } from '../database/connection.ts';
import { putReference, readReference } from '../database/references.ts';
import type { ReferenceStore } from '../protocol/seals.ts';

/** Seals that are too long to travel, in the database. */
export function referenceStore(db: Connection): ReferenceStore {
  return {
    put: (purpose, sealed, { expiresAt, user }) =>
      putReference(db, purpose, Buffer.from(sealed), expiresAt, user),
    read: async (purpose, reference, now) =>
      (await readReference(db, purpose, reference, now))?.toString('utf8'),
  };
}
