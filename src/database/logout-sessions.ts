import { asBuffer, bytes, text } from './bytes.ts';
import { orUnavailable } from './connection.ts';
import type { Connection } from './connection.ts';

/** A grant as a logout sees it; revoked ones too, since their vendors may not know of the logout. */
export interface LogoutSession {
  readonly grantId: string;
  readonly clientId: string;
  readonly userIndex: Uint8Array;
  readonly sid: string | undefined;
  /** The pseudonym that the vendor was given; undefined where it was the original subject. */
  readonly releasedSub: string | undefined;
  readonly browserIndex: Uint8Array | undefined;
}

/** Which grants of some clients are meant. */
export type LogoutSelection =
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
    const chosen =
      'sector' in selection
        ? query
            .where({ sector: bytes(selection.sector) })
            .whereIn('user_index', selection.userIndexes.map(asBuffer))
        : query.whereIn('upstream_sid_index', selection.upstreamSidIndexes.map(asBuffer));
    return chosen.select<Row[]>(
      ...['grant_id', 'client_id', 'user_index', 'sid', 'released_sub', 'browser_index'],
    );
  });
  return rows.map((row) => ({
    grantId: text(row.grant_id),
    clientId: text(row.client_id),
    userIndex: row.user_index,
    sid: row.sid === null ? undefined : text(row.sid),
    releasedSub: row.released_sub === null ? undefined : text(row.released_sub),
    browserIndex: row.browser_index ?? undefined,
  }));
}

/** The upstream's ID token of a grant, as it was sealed; undefined where none was kept. */
export async function upstreamIdTokenOf(
  db: Connection,
  grantId: string,
): Promise<Buffer | undefined> {
  const row = await orUnavailable(() =>
    db('sessions')
      .where({ grant_id: bytes(grantId) })
      .first<{ upstream_id_token: Buffer | null } | undefined>('upstream_id_token'),
  );
  return row?.upstream_id_token ?? undefined;
}
