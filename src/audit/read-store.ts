import { asBuffer, bytes, text } from '../database/bytes.ts';
import { orUnavailable } from '../database/connection.ts';
import type { Connection } from '../database/connection.ts';
import type { AuditDetail, ChainRow } from './entry.ts';

/** A row of the log as it is shown. */
export interface AuditRecord {
  readonly position: number;
  readonly at: Date;
  readonly act: string;
  readonly actor: string;
  readonly target: string;
  /** The handle of the user whom it was about, base64url. */
  readonly handle: string | undefined;
  readonly reason: string | undefined;
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, AuditDetail>> | undefined;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** Which rows are wanted: those that meet all that is said. */
export interface AuditFilter {
  /** The name of an act, or the beginning of one with `*` behind it. */
  readonly act?: string | undefined;
  readonly actor?: string | undefined;
  readonly target?: string | undefined;
  /** A user's handle, base64url. */
  readonly handle?: string | undefined;
  /** At this instant or later. */
  readonly since?: Date | undefined;
  /** Before this instant. */
  readonly until?: Date | undefined;
  /** Behind this position. */
  readonly behind?: number | undefined;
}

/** A row as it is stored, its hash included. */
export type StoredRow = ChainRow & { readonly hash: Uint8Array };

/** A segment as it is stored. */
export interface StoredSegment {
  readonly position: number;
  readonly records: Uint8Array;
}

/** Rows that are held in memory at once. */
const PAGE = 500;
/** Segments that are held in memory at once; each may be some kilobytes long. */
const SEGMENTS = 20;

/** Rows, newest first; `before` is the position that the last page ended with. */
export async function listAudit(
  db: Connection,
  filter: AuditFilter,
  page: { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly AuditRecord[]> {
  const query = filtered(db, filter).orderBy('position', 'desc').limit(page.limit);
  if (page.before !== undefined) void query.where('position', '<', page.before);
  const rows: StoredRow[] = await orUnavailable(() => query);
  return rows.map(shown);
}

/** Rows, oldest first, a few at a time; those that are added meanwhile come too. */
export async function* eachAudit(
  db: Connection,
  filter: AuditFilter = {},
): AsyncGenerator<AuditRecord> {
  for await (const page of pagesOf(db, filter)) {
    for (const row of page) yield shown(row);
  }
}

/** Pages of rows as they are stored, oldest first, up to a position. */
export async function* pagesOf(
  db: Connection,
  filter: AuditFilter = {},
  upTo?: number,
): AsyncGenerator<readonly StoredRow[]> {
  let after: number | undefined;
  for (;;) {
    const query = filtered(db, filter).orderBy('position').limit(PAGE);
    if (after !== undefined) void query.where('position', '>', after);
    if (upTo !== undefined) void query.where('position', '<=', upTo);
    const rows: StoredRow[] = await orUnavailable(() => query);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.position;
  }
}

/** Segments behind the position `after`, up to `to`, in their order; a few at a time. */
export async function* segmentsBetween(
  db: Connection,
  after: number | undefined,
  to: number,
): AsyncGenerator<StoredSegment> {
  let last = after;
  for (;;) {
    const query = db('audit_segments').where('position', '<=', to);
    if (last !== undefined) void query.where('position', '>', last);
    const rows: StoredSegment[] = await orUnavailable(() =>
      query.orderBy('position').limit(SEGMENTS).select('position', 'records'),
    );
    yield* rows;
    if (rows.length < SEGMENTS) return;
    last = rows.at(-1)?.position;
  }
}

/** One segment's records, as JSON text. */
export async function readSegment(db: Connection, position: number): Promise<string | undefined> {
  const row = await orUnavailable(() =>
    db('audit_segments').where({ position }).first<{ records: Buffer } | undefined>('records'),
  );
  return row && text(row.records);
}

/** The last position that a row or a segment has, whatever the head says. */
export async function lastPosition(
  db: Connection,
  table: 'audit_log' | 'audit_segments',
): Promise<number> {
  const row = await orUnavailable(() =>
    db(table).max({ last: 'position' }).first<{ last: unknown } | undefined>(),
  );
  const last = row?.last ?? 0;
  // SQLite would keep a text here, and sorts it behind every number.
  return typeof last === 'number' ? last : Infinity;
}

function filtered(db: Connection, filter: AuditFilter) {
  const { act, actor, target, handle, since, until, behind } = filter;
  const query = db<StoredRow>('audit_log').select('*');
  if (act?.endsWith('*') === true) {
    const beginning = act.slice(0, -1);
    void query.where('act', '>=', beginning).where('act', '<', `${beginning}~`);
  } else if (act !== undefined) void query.where('act', act);
  if (actor !== undefined) void query.where('actor', bytes(actor));
  if (target !== undefined) void query.where('target', bytes(target));
  if (handle !== undefined) void query.where('handle', Buffer.from(handle, 'base64url'));
  if (since !== undefined) void query.where('at', '>=', since.getTime());
  if (until !== undefined) void query.where('at', '<', until.getTime());
  if (behind !== undefined) void query.where('position', '>', behind);
  return query;
}

function shown(row: StoredRow): AuditRecord {
  const { position, act, handle, reason, request_id: requestId, details } = row;
  return {
    position,
    at: new Date(row.at),
    act,
    actor: text(row.actor),
    target: text(row.target),
    handle: handle === null ? undefined : asBuffer(handle).toString('base64url'),
    reason: reason === null ? undefined : text(reason),
    requestId: requestId === null ? undefined : text(requestId),
    details: details === null ? undefined : detailsIn(text(details)),
    hash: row.hash,
  };
}

/** A row that somebody changed is shown too; `verify` says that it was changed. */
function detailsIn(json: string): AuditRecord['details'] {
  try {
    return JSON.parse(json) as AuditRecord['details'];
  } catch {
    return { unreadable: true };
  }
}
