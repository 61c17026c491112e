import type { SigningKeyRow } from '../database/signing-keys.ts';
import { isPublished, signsFrom } from '../tokens/key-rotation.ts';

/** A signing key as it is printed: never its private part. */
export function keyView(row: SigningKeyRow, now: Date): Readonly<Record<string, unknown>> {
  return {
    kid: row.kid,
    alg: row.alg,
    state: row.state,
    created_at: row.createdAt,
    signs_from: row.state === 'next' ? signsFrom(row) : (row.activatedAt ?? null),
    signed_until: row.retiredAt ?? null,
    published: isPublished(row, now),
  };
}
