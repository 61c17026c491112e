import { bytes, text } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';
import { isLinked, subjectSectors } from './sector-links.ts';
import type { StreamPosition } from './event-streams.ts';

/** A pseudonym that took the place of another, as one client may have to be told. */
export interface TellableChange extends StreamPosition {
  readonly id: number;
  readonly userIndex: Buffer;
  readonly oldSub: string;
  readonly newSub: string;
  /** Whether the client was given the old one, or knew it before it came here. */
  readonly isKnown: boolean;
}

interface Row {
  readonly id: number | string;
  readonly batch: number | string;
  readonly user_index: Buffer;
  readonly old_sub: Buffer;
  readonly new_sub: Buffer;
  readonly given: number | null;
  readonly generation: number | null;
  readonly algorithm: string | null;
}

/** Which changes are looked at. */
export interface ChangeQuery {
  readonly clientId: string;
  readonly sector: string;
  /** Behind this one. */
  readonly after: StreamPosition;
  /** No later than this batch. */
  readonly lastBatch: number;
  readonly now: Date;
  readonly limit: number;
}

/** Pseudonyms that the vendor itself brought along: it knows them, whether or not anybody came since. */
const BROUGHT_ALONG: readonly string[] = ['imported', 'preserved'];

/** The changes of a sector behind a position, in their order; none whose grace is over. */
export async function changesFor(
  db: Connection,
  query: ChangeQuery,
): Promise<readonly TellableChange[]> {
  const scope = await orUnavailable(() => scopeOf(db, query.sector));
  const rows = await orUnavailable(() =>
    unpassed(db, query, scope)
      .orderBy(['changes.batch', 'changes.id'])
      .limit(query.limit)
      .select<Row[]>(
        ...['changes.id', 'changes.batch', 'changes.user_index', 'changes.old_sub'],
        ...['changes.new_sub', 'given.generation as given', 'old.generation', 'old.algorithm'],
      ),
  );
  return rows.map((row) => ({
    id: Number(row.id),
    batch: Number(row.batch),
    place: Number(row.id),
    userIndex: row.user_index,
    oldSub: text(row.old_sub),
    newSub: text(row.new_sub),
    isKnown: isKnown(row, scope),
  }));
}

/** How many changes behind a position the client knows the old subject of. */
export async function countChanges(
  db: Connection,
  query: Omit<ChangeQuery, 'limit'>,
): Promise<number> {
  const scope = await orUnavailable(() => scopeOf(db, query.sector));
  const [row] = await orUnavailable(() =>
    unpassed(db, query, scope)
      .andWhere((known) => {
        void known
          .where('given.generation', '<=', db.ref('old.generation'))
          .orWhereIn('old.algorithm', scope.broughtAlong);
      })
      .count<{ count: number | string }[]>({ count: '*' }),
  );
  return Number(row?.count ?? 0);
}

/** Where changes of a sector's users stand, and which of them need not have been given. */
interface Scope {
  readonly sectors: readonly string[];
  readonly broughtAlong: readonly string[];
}

/** What was brought along to a sector that is linked may have been the other one's alone. */
async function scopeOf(db: Connection, sector: string): Promise<Scope> {
  const sectors = await subjectSectors(db, sector);
  return { sectors, broughtAlong: (await isLinked(db, sector)) ? [] : BROUGHT_ALONG };
}

function unpassed(
  db: Connection,
  { clientId, after, lastBatch, now }: Omit<ChangeQuery, 'limit'>,
  { sectors }: Scope,
) {
  return (
    db('subject_changes as changes')
      .leftJoin('given_subjects as given', (join) => {
        void join
          .on('given.user_index', 'changes.user_index')
          .andOnVal('given.client_id', bytes(clientId));
      })
      .leftJoin('pseudonyms as old', (join) => {
        void join.on('old.sector', 'changes.sector').andOn('old.sub', 'changes.old_sub');
      })
      .whereIn('changes.sector', sectors.map(bytes))
      // Says again what the last condition says, in a form that an index can follow.
      .whereBetween('changes.batch', [after.batch, lastBatch])
      .andWhere('changes.expires_at', '>', now.getTime())
      .andWhere((behind) => {
        void behind.where('changes.batch', '>', after.batch).orWhere((within) => {
          void within.where('changes.batch', after.batch).andWhere('changes.id', '>', after.place);
        });
      })
  );
}

/** A client that was given a later generation first never saw this one. */
function isKnown({ given, generation, algorithm }: Row, { broughtAlong }: Scope): boolean {
  if (algorithm !== null && broughtAlong.includes(algorithm)) return true;
  return given !== null && generation !== null && generation >= given;
}
