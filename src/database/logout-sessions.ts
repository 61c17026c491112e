import type { AtRest, Place } from './at-rest.ts';
import { asBuffer, bytes, text } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';

/** Stands for the original subject, which is not kept beside anything. */
export const ORIGINAL_SUBJECT = '';

/** A grant as a logout sees it; revoked ones too, since their vendors may not know of the logout. */
export interface LogoutSession {
  readonly grantId: string;
  readonly clientId: string;
  readonly userIndex: Uint8Array;
  readonly sid: string | undefined;
  /** What the vendor knows the user by; unknown for grants older than this record. */
  readonly released:
    { readonly as: 'pseudonym'; readonly sub: string } | { readonly as: 'original' | 'unknown' };
  readonly browserIndex: Uint8Array | undefined;
}

/** Which grants of some clients are meant, by keyed indexes. */
export type LogoutSelection =
  | { readonly browserIndex: Uint8Array }
  | { readonly upstreamSidIndexes: readonly Uint8Array[] }
  | { readonly sector: string; readonly userIndexes: readonly Uint8Array[] };

interface Row {
  readonly grant_id: Buffer;
  readonly client_id: Buffer;
  readonly user_index: Buffer;
  readonly sid: Buffer | null;
  readonly released_sub: Buffer | null;
  readonly browser_index: Buffer | null;
}

/** The unexpired grants of these clients that a logout names, oldest first. */
export async function sessionsForLogout(
  db: Connection,
  clientIds: readonly string[],
  selection: LogoutSelection,
  now: Date,
): Promise<readonly LogoutSession[]> {
  const rows = await orUnavailable(() => {
    const query = db('sessions')
      .whereIn('client_id', clientIds.map(bytes))
      .andWhere('expires_at', '>', now.getTime())
      .orderBy('created_at');
    if ('browserIndex' in selection) {
      void query.where({ browser_index: asBuffer(selection.browserIndex) });
    } else if ('sector' in selection) {
      void query
        .where({ sector: bytes(selection.sector) })
        .whereIn('user_index', selection.userIndexes.map(asBuffer));
    } else {
      void query.whereIn('upstream_sid_index', selection.upstreamSidIndexes.map(asBuffer));
    }
    return query.select<Row[]>(
      ...['grant_id', 'client_id', 'user_index', 'sid', 'released_sub', 'browser_index'],
    );
  });
  return rows.map((row) => ({
    grantId: text(row.grant_id),
    clientId: text(row.client_id),
    userIndex: row.user_index,
    sid: row.sid === null ? undefined : text(row.sid),
    released: releasedIn(row.released_sub),
    browserIndex: row.browser_index ?? undefined,
  }));
}

function releasedIn(column: Buffer | null): LogoutSession['released'] {
  if (column === null) return { as: 'unknown' };
  const sub = text(column);
  return sub === ORIGINAL_SUBJECT ? { as: 'original' } : { as: 'pseudonym', sub };
}

/** The upstream's ID token of a grant; undefined where none was kept. */
export async function upstreamIdTokenOf(
  db: Connection,
  atRest: AtRest,
  grantId: string,
): Promise<string | undefined> {
  const row = await orUnavailable(() =>
    db('sessions')
      .where({ grant_id: bytes(grantId) })
      .first<{ upstream_id_token: Buffer | null } | undefined>('upstream_id_token'),
  );
  const sealed = row?.upstream_id_token ?? undefined;
  return sealed && text(atRest.open(idTokenPlace(grantId), sealed));
}

/** An ID token as {@link upstreamIdTokenOf} opens it. */
export function sealIdToken(atRest: AtRest, grantId: string, idToken: string): Buffer {
  return atRest.seal(idTokenPlace(grantId), bytes(idToken));
}

function idTokenPlace(grantId: string): Place {
  return { table: 'sessions', column: 'upstream_id_token', row: grantId };
}
