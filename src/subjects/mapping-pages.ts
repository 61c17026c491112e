import type { AtRest } from '../database/at-rest.ts';
import { bytes, text } from '../database/bytes.ts';
import { orUnavailable } from '../database/connection.ts';
import { subjectSectors } from '../database/sector-links.ts';
import type { Connection } from '../database/connection.ts';
import type { NameKeys } from './former-names.ts';
import { givenNames } from './mapping.ts';
import { sealContext } from './store.ts';

/** A user whom a vendor has under the original subject. */
export interface GivenMapping {
  readonly localSubject: string;
  readonly sub: string;
}

interface PageRow {
  readonly user_index: Buffer;
  readonly generation: number;
  readonly sub: Buffer;
  readonly local_subject: Buffer;
}

/**
 * The users of a sector whom its vendor was given under the original subject, with their
 * newest pseudonyms, in the order of their indexes, which says nothing of them.
 */
export async function* givenMappings(
  db: Connection,
  keys: NameKeys,
  sector: string,
  pageSize: number,
): AsyncGenerator<readonly GivenMapping[]> {
  for (const each of await orUnavailable(() => subjectSectors(db, sector))) {
    for await (const users of usersOf(db, keys.atRest, each, pageSize)) {
      const names = users.map(({ localSubject }) => localSubject);
      const given = await orUnavailable(() => givenNames(db, keys.indexRoot, sector, names));
      yield users.filter(({ localSubject }) => given.has(localSubject));
    }
  }
}

async function* usersOf(
  db: Connection,
  atRest: AtRest,
  sector: string,
  pageSize: number,
): AsyncGenerator<readonly GivenMapping[]> {
  let after: Buffer | undefined;
  for (;;) {
    const from = after;
    const rows = await orUnavailable(() => {
      const query = db('pseudonyms')
        .where({ sector: bytes(sector) })
        .whereNull('retired_at');
      if (from !== undefined) void query.where('user_index', '>', from);
      return query
        .orderBy(['user_index', 'generation'])
        .limit(pageSize)
        .select<PageRow[]>('user_index', 'generation', 'sub', 'local_subject');
    });
    after = rows.at(-1)?.user_index;
    if (after === undefined) return;
    yield rows.map(({ user_index: userIndex, generation, sub, local_subject: sealed }) => ({
      localSubject: text(atRest.open(sealContext({ sector, userIndex, generation }), sealed)),
      sub: text(sub),
    }));
  }
}
