import { asBuffer, bytes, text } from '../database/bytes.ts';
import type { Connection } from '../database/connection.ts';
import { listGenerations } from './store.ts';
import type { SectorUser } from './store.ts';

type Member = string | number | boolean | null;
type Held = Readonly<Record<string, Member>>;

/** What is held on a user in one sector, by kind; times are ISO 8601. */
export interface HeldInSector {
  readonly pseudonyms: readonly Held[];
  readonly sessions: readonly Held[];
  readonly notices: readonly Held[];
  /** Pseudonyms that took the place of others. */
  readonly changes: readonly Held[];
  /** The clients that were given a pseudonym, and which one first. */
  readonly given: readonly Held[];
}

/** Everything that is held on a user in a sector; undefined: nothing. */
export async function heldInSector(
  db: Connection,
  user: SectorUser,
): Promise<HeldInSector | undefined> {
  const key = { sector: bytes(user.sector), user_index: asBuffer(user.userIndex) };
  const generations = await listGenerations(db, user);
  const lastUsedOn = await lastUses(db, key);
  const sessions = await db('sessions').where(key).orderBy('created_at').select<SessionRow[]>();
  const notices = await db('notices').where(key).select<NoticeRow[]>();
  const changes = await db('subject_changes').where(key).orderBy('id').select<ChangeRow[]>();
  const given = await db('given_subjects').where(key).select<GivenRow[]>();
  const rows = [generations, sessions, notices, changes, given];
  if (rows.every(({ length }) => length === 0)) return undefined;
  return {
    pseudonyms: generations.map((one) => ({
      ...{ sub: one.sub, generation: one.generation, algorithm: one.algorithm },
      created_at: one.createdAt.toISOString(),
      last_used_on: lastUsedOn.get(one.generation) ?? null,
      retired_at: one.retiredAt?.toISOString() ?? null,
      grace_until: one.graceUntil?.toISOString() ?? null,
    })),
    sessions: sessions.map((row) => ({
      ...{ client_id: text(row.client_id), sid: row.sid === null ? null : text(row.sid) },
      sub: row.released_sub === null ? null : text(row.released_sub),
      created_at: iso(row.created_at),
      expires_at: iso(row.expires_at),
      revoked_at: row.revoked_at === null ? null : iso(row.revoked_at),
      keeps_id_token: row.upstream_id_token !== null,
    })),
    notices: notices.map((row) => ({
      ...{ client_id: text(row.client_id), shown: row.shown },
      at: iso(row.at),
    })),
    changes: changes.map((row) => ({
      ...{ old_sub: text(row.old_sub), new_sub: text(row.new_sub) },
      at: iso(row.at),
    })),
    given: given.map((row) => ({
      ...{ client_id: text(row.client_id), generation: row.generation },
    })),
  };
}

/** The last day on which each generation was used, as in `2026-11-23`. */
async function lastUses(
  db: Connection,
  key: { readonly sector: Buffer; readonly user_index: Buffer },
): Promise<ReadonlyMap<number, string>> {
  const rows = await db('pseudonyms')
    .where(key)
    .whereNotNull('last_used_day')
    .select<{ generation: number; last_used_day: number }[]>('generation', 'last_used_day');
  return new Map(
    rows.map((row) => [row.generation, iso(row.last_used_day * 86_400_000).slice(0, 10)]),
  );
}

interface SessionRow {
  readonly client_id: Buffer;
  readonly sid: Buffer | null;
  readonly released_sub: Buffer | null;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly upstream_id_token: Buffer | null;
}

interface NoticeRow {
  readonly client_id: Buffer;
  readonly shown: string;
  readonly at: number;
}

interface GivenRow {
  readonly client_id: Buffer;
  readonly generation: number;
}

interface ChangeRow {
  readonly old_sub: Buffer;
  readonly new_sub: Buffer;
  readonly at: number;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
