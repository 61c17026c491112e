import type { AtRest, Place } from './at-rest.ts';
import { bytes, text } from './bytes.ts';
import { isUniqueViolation, orUnavailable } from './connection.ts';
import type { Connection, Transaction } from './connection.ts';

/** A signing key is published (`next`), then signs (`active`), then only verifies (`retired`). */
export type SigningKeyState = 'next' | 'active' | 'retired';

export interface SigningKeyRow {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256' | 'PS256' | 'EdDSA';
  readonly state: SigningKeyState;
  readonly publicJwk: object;
  readonly privateJwk: object;
  readonly createdAt: Date;
  readonly activatedAt?: Date;
  readonly retiredAt?: Date;
}

interface Row {
  kid: Buffer;
  alg: SigningKeyRow['alg'];
  state: SigningKeyState;
  public_jwk: string;
  private_jwk: Buffer;
  created_at: number;
  activated_at: number | null;
  retired_at: number | null;
}

/** All signing keys, oldest first, their private parts opened. */
export async function readSigningKeys(
  db: Connection,
  atRest: AtRest,
): Promise<readonly SigningKeyRow[]> {
  const rows = await orUnavailable(() =>
    db('signing_keys').select<Row[]>('*').orderBy(['created_at', 'kid']),
  );
  return rows.map((row) => {
    const kid = text(row.kid);
    return {
      kid,
      alg: row.alg,
      state: row.state,
      publicJwk: JSON.parse(row.public_jwk) as object,
      privateJwk: JSON.parse(text(atRest.open(place(kid), row.private_jwk))) as object,
      createdAt: new Date(row.created_at),
      ...(row.activated_at !== null && { activatedAt: new Date(row.activated_at) }),
      ...(row.retired_at !== null && { retiredAt: new Date(row.retired_at) }),
    };
  });
}

/**
 * Adds a key. False: another replica was first, an algorithm has one `next` and
 * one `active` key at most.
 */
export async function insertSigningKey(
  trx: Transaction,
  atRest: AtRest,
  row: SigningKeyRow,
): Promise<boolean> {
  const privateJwk = bytes(JSON.stringify(row.privateJwk));
  return unlessTaken(async () => {
    await trx('signing_keys').insert({
      kid: bytes(row.kid),
      alg: row.alg,
      state: row.state,
      slot: slot(row.alg, row.state),
      public_jwk: JSON.stringify(row.publicJwk),
      private_jwk: atRest.seal(place(row.kid), privateJwk),
      created_at: row.createdAt.getTime(),
      activated_at: row.activatedAt?.getTime() ?? null,
      retired_at: row.retiredAt?.getTime() ?? null,
    });
    return true;
  });
}

/**
 * Moves a key on: `next` to `active`, or either to `retired`. Retire the active
 * key before its successor is activated. False: nothing changed, because
 * another replica was first or the key does not stand where it would have to.
 */
export async function updateSigningKeyState(
  trx: Transaction,
  kid: string,
  state: 'active' | 'retired',
  at: Date,
): Promise<boolean> {
  const from: readonly SigningKeyState[] = state === 'active' ? ['next'] : ['next', 'active'];
  const current = await trx('signing_keys')
    .where({ kid: bytes(kid) })
    .first<{ alg: SigningKeyRow['alg'] } | undefined>('alg');
  if (current === undefined) return false;
  return unlessTaken(async () => {
    const moved = await trx('signing_keys')
      .where({ kid: bytes(kid) })
      .whereIn('state', from)
      .update({
        state,
        slot: slot(current.alg, state),
        [state === 'active' ? 'activated_at' : 'retired_at']: at.getTime(),
      });
    return moved === 1;
  });
}

/** Removes a retired key that verifies nothing any more. */
export async function deleteRetiredSigningKey(trx: Transaction, kid: string): Promise<boolean> {
  const removed = await trx('signing_keys')
    .where({ kid: bytes(kid), state: 'retired' })
    .del();
  return removed === 1;
}

function place(kid: string): Place {
  return { table: 'signing_keys', column: 'private_jwk', row: kid };
}

function slot(alg: string, state: SigningKeyState): string | null {
  return state === 'retired' ? null : `${alg}:${state}`;
}

async function unlessTaken(write: () => Promise<boolean>): Promise<boolean> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}
