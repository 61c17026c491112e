import { createHash } from 'node:crypto';

import { asBuffer, bytes } from '../database/bytes.ts';
import { lengthPrefixed } from '../keyed-hash.ts';
import type { AuditAct } from './acts.ts';
import type { By } from './by.ts';

/** A value that says more of an act. Never a subject, a token or a secret. */
export type AuditDetail = string | number | boolean | null;

/** One act, as those who do it tell of it. */
export interface AuditEntry extends By {
  readonly act: AuditAct;
  /** What it was done to: a client, vendor, sector, key…; never a subject. */
  readonly target: string;
  /** The user whom it was about; the log keeps a random handle in their place. */
  readonly user?: { readonly sector: string; readonly userIndex: Uint8Array } | undefined;
  readonly details?: Readonly<Record<string, AuditDetail>> | undefined;
}

/** One row of the chain, exactly as it is stored. */
export interface ChainRow {
  readonly position: number;
  readonly act: string;
  readonly actor: Uint8Array;
  readonly target: Uint8Array;
  readonly handle: Uint8Array | null;
  readonly reason: Uint8Array | null;
  readonly request_id: Uint8Array | null;
  readonly details: Uint8Array | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Where a chain stands: the last position, and the hash of the row there. */
export interface ChainHead {
  readonly position: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** What the first row follows. */
export const GENESIS: ChainHead = { position: 0, hash: Buffer.alloc(32) };

/**
 * The hash of a row: SHA-256 over the hash of the row before it and every
 * column, each behind its length, an absent one unlike an empty one.
 */
export function chainHash(previous: Uint8Array, row: ChainRow): Buffer {
  const encoded = lengthPrefixed(
    bytes('pairwise-proxy audit 1'),
    previous,
    integer(row.position),
    bytes(row.act),
    row.actor,
    row.target,
    optional(row.handle),
    optional(row.reason),
    optional(row.request_id),
    optional(row.details),
    integer(row.at),
  );
  return createHash('sha256').update(encoded).digest();
}

function optional(value: Uint8Array | null): Buffer {
  return value === null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), asBuffer(value)]);
}

function integer(value: number): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeBigInt64BE(BigInt(value));
  return encoded;
}
