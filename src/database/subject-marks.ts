import type { AtRest } from './at-rest.ts';
import { asBuffer } from './bytes.ts';
import { appendChange } from './changes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';

/** A mark outlives every token that it ends: a grant lasts a year, and a day is for slow clocks. */
const MARK_MILLISECONDS = 366 * 24 * 3600 * 1000;

/**
 * Under what a user's mark is kept: a keyed hash of the index, so that marks set
 * together do not show which rows of different sectors are one user's.
 */
export function markOf(atRest: AtRest, userIndex: Uint8Array): string {
  return atRest.blind(COLUMN, userIndex).toString('base64url');
}

const COLUMN = { table: 'subject_marks', column: 'user_hash' } as const;

/**
 * Ends every token of a user in a sector that was settled before now, in every
 * replica within 5 s. Do it last in the transaction, as {@link appendChange} asks.
 *
 * @returns the position of the change log from which on tokens are good
 */
export async function endUser(
  trx: Transaction,
  atRest: AtRest,
  userIndex: Uint8Array,
  at: Date,
): Promise<number> {
  const mark = markOf(atRest, userIndex);
  const notBefore = await appendChange(trx, 'subject', mark, at);
  await trx('subject_marks')
    .insert({
      user_hash: Buffer.from(mark, 'base64url'),
      not_before: notBefore,
      expires_at: at.getTime() + MARK_MILLISECONDS,
    })
    .onConflict('user_hash')
    .merge();
  return notBefore;
}

/** From which position on a user's tokens are good; undefined: no mark was set. */
export async function readMark(
  connection: Connection | Transaction,
  atRest: AtRest,
  userIndex: Uint8Array,
): Promise<number | undefined> {
  const row = await connection('subject_marks')
    .where({ user_hash: asBuffer(atRest.blind(COLUMN, userIndex)) })
    .first<{ not_before: number | string } | undefined>('not_before');
  return row && Number(row.not_before);
}

/** All marks, or those named, by {@link markOf}. */
export async function readMarks(
  db: Connection,
  marks?: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await orUnavailable(() => {
    const query = db('subject_marks');
    if (marks !== undefined) {
      void query.whereIn(
        'user_hash',
        marks.map((mark) => Buffer.from(mark, 'base64url')),
      );
    }
    return query.select<{ user_hash: Buffer; not_before: number | string }[]>(
      ...['user_hash', 'not_before'],
    );
  });
  return new Map(
    rows.map((row) => [row.user_hash.toString('base64url'), Number(row.not_before)] as const),
  );
}
