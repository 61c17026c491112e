import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { keyOf, keysIn } from './move-store.ts';
import { sealContext } from './store.ts';
import type { PseudonymRow } from './store.ts';

/** What telling users apart needs. */
interface Keys {
  readonly atRest: AtRest;
  readonly indexRoot: Uint8Array;
}

/** Some users of a sector, compared with those of another. */
export interface ComparedUsers {
  /** The last of them, in the order of their indexes. */
  readonly last: Uint8Array;
  /** Pseudonyms that are another user's there, or what another user there is called upstream. */
  readonly collisions: number;
}

/**
 * Compares the next pseudonyms of a sector, every generation, with what stands in another.
 * Undefined: nobody is left. It waits for those who write what it looks for.
 */
export async function compareNext(
  trx: Transaction,
  { atRest, indexRoot }: Keys,
  { sector, other }: { readonly sector: string; readonly other: string },
  { after, limit }: { readonly after: Uint8Array | undefined; readonly limit: number },
): Promise<ComparedUsers | undefined> {
  const query = trx<PseudonymRow>('pseudonyms').where({ sector: bytes(sector) });
  if (after !== undefined) void query.where('user_index', '>', asBuffer(after));
  const users = await query
    .clone()
    .whereNull('retired_at')
    .orderBy('user_index')
    .limit(limit)
    .pluck<Buffer[]>('user_index');
  const last = users.at(-1);
  if (last === undefined) return undefined;
  const rows = await query
    .clone()
    .where('user_index', '<=', last)
    .select('user_index', 'generation', 'sub', 'local_subject');
  const seen = rows.map((row) => {
    const { user_index: userIndex, generation } = row;
    const sealed = atRest.open(sealContext({ sector, userIndex, generation }), row.local_subject);
    const sub = text(row.sub);
    return { sub, there: indexUser(indexRoot, other, text(sealed)) };
  });
  const owners = await trx('pseudonyms')
    .where({ sector: bytes(other) })
    .whereIn(
      'sub',
      seen.map(({ sub }) => bytes(sub)),
    )
    .forShare()
    .select<{ sub: Buffer; user_index: Buffer }[]>('sub', 'user_index');
  const ownerOf = new Map(owners.map((row) => [text(row.sub), row.user_index]));
  const namesakes = seen.map(({ sub }) => indexUser(indexRoot, other, sub));
  const known = new Set([
    ...(await keysIn(trx, 'pseudonyms', other, namesakes)),
    ...(await keysIn(trx, 'sessions', other, namesakes)),
  ]);
  const collisions = seen.filter(({ sub, there }, place) => {
    const owner = ownerOf.get(sub);
    if (owner !== undefined && !there.equals(owner)) return true;
    const namesake = namesakes[place];
    return namesake !== undefined && !namesake.equals(there) && known.has(keyOf(namesake));
  }).length;
  return { last, collisions };
}
