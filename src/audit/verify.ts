import type { Connection } from '../database/connection.ts';
import { chainHash, GENESIS } from './entry.ts';
import type { ChainHead } from './entry.ts';
import { lastPosition, pagesOf, segmentsBetween } from './read-store.ts';
import type { StoredRow, StoredSegment } from './read-store.ts';
import { segmentHash } from './segment-store.ts';
import { readHead } from './store.ts';

/** Something that is not as it was written. */
export interface Damage {
  readonly kind:
    | 'row_changed'
    | 'row_missing'
    | 'row_unexpected'
    | 'segment_changed'
    | 'segment_missing'
    | 'segment_unexpected'
    | 'head_changed'
    | 'anchor_broken';
  readonly position: number;
  readonly message: string;
}

/** What a walk along the chain has found. */
export interface Verification {
  readonly intact: boolean;
  /** Where the chain stood when the walk began. */
  readonly head: ChainHead;
  readonly rows: number;
  readonly segments: number;
  /** The first of what was found. */
  readonly damages: readonly Damage[];
  /** How much was found in all. */
  readonly found: number;
}

/** Damages that are told one by one. */
const MOST = 100;

/**
 * Walks the whole chain, in constant memory, and finds every row that was
 * changed, removed, added or moved since it was written, and every damaged
 * segment. Whoever can write the database could make the chain anew, or cut off
 * its end together with the head: that shows against an `anchor`, a head that
 * was kept somewhere else.
 */
export async function verifyAudit(db: Connection, anchor?: ChainHead): Promise<Verification> {
  const recorded: ChainHead | undefined = await readHead(db);
  const head = recorded ?? { position: await lastPosition(db, 'audit_log'), hash: GENESIS.hash };
  const walk = new Walk(anchor);
  if (recorded === undefined) walk.tell('head_changed', 0, 'The row of the head is gone.');
  let after: number | undefined;
  for await (const page of pagesOf(db, {}, head.position)) {
    for (const row of page) walk.row(row);
    const to = page.at(-1)?.position ?? head.position;
    for await (const segment of segmentsBetween(db, after, to)) walk.segment(segment);
    walk.pageEnds();
    after = to;
  }
  for await (const segment of segmentsBetween(db, after, head.position)) walk.segment(segment);
  walk.ends(head);
  await lookBeyond(db, walk);
  return { ...walk.result(), head };
}

/** Rows and segments that the head does not know of; it is read last, since it only grows. */
async function lookBeyond(db: Connection, walk: Walk): Promise<void> {
  const row = await lastPosition(db, 'audit_log');
  const segment = await lastPosition(db, 'audit_segments');
  const { position: end } = (await readHead(db)) ?? { position: Infinity };
  if (row > end) walk.tell('row_unexpected', row, `There are rows behind the head, up to ${row}.`);
  if (segment > end) {
    const message = `There are segments behind the head, up to ${segment}.`;
    walk.tell('segment_unexpected', segment, message);
  }
}

class Walk {
  readonly #anchor: ChainHead | undefined;
  readonly #damages: Damage[] = [];
  #found = 0;
  #rows = 0;
  #segments = 0;
  #expected = 1;
  #previous: Uint8Array = GENESIS.hash;
  /** The segments that the rows of this page promise: their hashes by position. */
  #promised = new Map<number, string>();

  constructor(anchor: ChainHead | undefined) {
    this.#anchor = anchor;
    if (anchor?.position === 0) this.#compare(GENESIS, anchor);
  }

  row(row: StoredRow): void {
    this.#rows += 1;
    const { position } = row;
    if (!Number.isSafeInteger(position) || position < this.#expected) {
      this.tell('row_unexpected', position, 'Nothing was ever written at this position.');
      return;
    }
    const follows = position === this.#expected;
    if (!follows) this.#missing(position - 1);
    if (follows && !isSame(hashOf(this.#previous, row), row.hash)) {
      this.tell(
        'row_changed',
        position,
        'The row is not what was written, or follows another row.',
      );
    }
    this.#previous = row.hash instanceof Uint8Array ? row.hash : GENESIS.hash;
    this.#expected = position + 1;
    if (row.act === 'pseudonyms.recorded') this.#promised.set(position, promisedBy(row));
    if (this.#anchor?.position === position) {
      this.#compare({ position, hash: this.#previous }, this.#anchor);
    }
  }

  segment({ position, records }: StoredSegment): void {
    this.#segments += 1;
    const promised = this.#promised.get(position);
    this.#promised.delete(position);
    if (promised === undefined) {
      this.tell('segment_unexpected', position, 'No row of the chain knows of this segment.');
    } else if (!(records instanceof Uint8Array) || segmentHash(records) !== promised) {
      this.tell('segment_changed', position, 'The segment is not what was written.');
    }
  }

  pageEnds(): void {
    for (const position of this.#promised.keys()) {
      this.tell('segment_missing', position, 'The segment of this row is gone.');
    }
    this.#promised = new Map();
  }

  ends(head: ChainHead): void {
    if (this.#expected <= head.position) this.#missing(head.position);
    else if (!isSame(this.#previous, head.hash)) {
      this.tell('head_changed', head.position, 'The head does not have the hash of the last row.');
    }
    if (this.#anchor !== undefined && this.#anchor.position > head.position) {
      const { position } = this.#anchor;
      const message = `The log once reached ${position}, and ends at ${head.position}: its end was cut off.`;
      this.tell('anchor_broken', position, message);
    }
  }

  tell(kind: Damage['kind'], position: number, message: string): void {
    this.#found += 1;
    if (this.#damages.length < MOST) this.#damages.push({ kind, position, message });
  }

  result(): Omit<Verification, 'head'> {
    return {
      intact: this.#found === 0,
      ...{ rows: this.#rows, segments: this.#segments },
      ...{ damages: this.#damages, found: this.#found },
    };
  }

  #missing(to: number): void {
    const from = this.#expected;
    const which = from === to ? `The row ${from} is` : `The rows ${from} to ${to} are`;
    this.tell('row_missing', from, `${which} gone.`);
    const anchored = this.#anchor?.position ?? 0;
    if (anchored >= from && anchored <= to) {
      this.tell('anchor_broken', anchored, 'The row that the anchor names is gone.');
    }
  }

  #compare({ position, hash }: ChainHead, anchor: ChainHead): void {
    if (isSame(hash, anchor.hash)) return;
    const message = 'The row does not have the hash that the anchor names: the log was made anew.';
    this.tell('anchor_broken', position, message);
  }
}

/** Whatever was put into the columns: a value of another kind has no hash. */
function hashOf(previous: Uint8Array, row: StoredRow): Uint8Array | undefined {
  try {
    return chainHash(previous, row);
  } catch {
    return undefined;
  }
}

function promisedBy({ details }: StoredRow): string {
  try {
    const held = JSON.parse(Buffer.from(details ?? []).toString('utf8')) as { sha256?: unknown };
    return String(held.sha256);
  } catch {
    return '';
  }
}

function isSame(one: Uint8Array | undefined, other: unknown): boolean {
  return one !== undefined && other instanceof Uint8Array && Buffer.compare(one, other) === 0;
}
