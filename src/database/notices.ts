import { asBuffer, bytes } from './bytes.ts';
import { inTransaction, orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';

/** One user of one client. */
export interface NoticeReader {
  readonly clientId: string;
  readonly sector: string;
  readonly userIndex: Uint8Array;
}

/** What a user was told last; undefined: nothing so far. */
export async function readNotice(
  db: Connection,
  reader: NoticeReader,
): Promise<string | undefined> {
  const row = await orUnavailable(() =>
    db('notices').where(keyOf(reader)).first<{ shown: string } | undefined>('shown'),
  );
  return row?.shown;
}

/** Keeps what a user was told, in place of what was kept before. */
export async function writeNotice(
  db: Connection,
  reader: NoticeReader,
  shown: string,
  at: Date,
): Promise<void> {
  const row = { ...keyOf(reader), shown, at: at.getTime() };
  await inTransaction(db, async (trx) => {
    await trx('notices')
      .insert(row)
      .onConflict(Object.keys(keyOf(reader)))
      .merge();
  });
}

function keyOf({ clientId, sector, userIndex }: NoticeReader) {
  return {
    client_id: bytes(clientId),
    sector: bytes(sector),
    user_index: asBuffer(userIndex),
  };
}
