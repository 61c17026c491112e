import type { AtRest } from '../database/at-rest.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { lockNewest, sealContext } from './store.ts';
import type { Pseudonym, PseudonymRow, SectorUser } from './store.ts';

/** A pseudonym with the local subject that the next generation is sealed with. */
export interface OpenedPseudonym extends Pseudonym {
  readonly localSubject: string;
}

/** The newest generation of one user, locked until the transaction ends. */
export async function lockNewestOpened(
  trx: Transaction,
  atRest: AtRest,
  user: SectorUser,
): Promise<OpenedPseudonym | undefined> {
  const newest = await lockNewest(trx, user);
  if (newest === undefined) return undefined;
  const { sector, userIndex, generation } = newest;
  const row = await trx<PseudonymRow>('pseudonyms')
    .where({ sector: bytes(sector), user_index: asBuffer(userIndex), generation })
    .first('local_subject');
  return row && { ...newest, localSubject: open(atRest, newest, row.local_subject) };
}

/** The newest generations of the next users of a sector, locked until the transaction ends. */
export async function lockNewestOfMany(
  trx: Transaction,
  atRest: AtRest,
  sector: string,
  after: Uint8Array | undefined,
  limit: number,
): Promise<readonly OpenedPseudonym[]> {
  const query = trx<PseudonymRow>('pseudonyms').where({ sector: bytes(sector) });
  if (after !== undefined) void query.where('user_index', '>', asBuffer(after));
  const rows = await query
    .whereNull('retired_at')
    .orderBy(['user_index', 'generation'])
    .limit(limit)
    .forUpdate()
    .select('user_index', 'generation', 'sub', 'local_subject', 'known_only_in');
  return rows.map((row) => {
    const { user_index: userIndex, generation } = row;
    const knownOnlyIn = row.known_only_in === null ? undefined : text(row.known_only_in);
    const localSubject = open(atRest, { sector, userIndex, generation }, row.local_subject);
    return { sector, userIndex, generation, sub: text(row.sub), localSubject, knownOnlyIn };
  });
}

/** Makes the newest generations of some users retired ones. */
export async function retireNewest(
  trx: Transaction,
  sector: string,
  users: readonly Pick<SectorUser, 'userIndex'>[],
  { at, graceUntil }: { readonly at: Date; readonly graceUntil: Date },
): Promise<void> {
  await trx('pseudonyms')
    .where({ sector: bytes(sector) })
    .whereIn(
      'user_index',
      users.map(({ userIndex }) => asBuffer(userIndex)),
    )
    .whereNull('retired_at')
    .update({ retired_at: at.getTime(), grace_until: graceUntil.getTime() });
}

function open(atRest: AtRest, place: Omit<Pseudonym, 'sub'>, sealed: Uint8Array): string {
  return text(atRest.open(sealContext(place), sealed));
}
