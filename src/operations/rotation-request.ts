import { bytes, text } from '../database/bytes.ts';
import type { Connection } from '../database/connection.ts';
import { readLinks } from '../database/sector-links.ts';
import { readSectorOwners } from '../vendors/vendor-store.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { ConflictError, RegistrationError, UnknownError } from '../vendors/problem.ts';

/** Days for which a pseudonym that was replaced still resolves. */
export const DEFAULT_GRACE_DAYS = 90;

const LONGEST_GRACE_DAYS = 3650;
const DAY = 24 * 3600 * 1000;

/** Whose pseudonyms are meant: one of these. */
export type RotationScope =
  { readonly sector: string } | { readonly vendorId: string } | { readonly all: true };

/** The end of a grace of so many days. */
export function graceFrom(at: Date, days: number): Date {
  return new Date(at.getTime() + days * DAY);
}

/** @throws RegistrationError */
export function requireGrace(days: number): void {
  if (Number.isInteger(days) && days >= 0 && days <= LONGEST_GRACE_DAYS) return;
  const right = `give a whole number of days from 0 to ${LONGEST_GRACE_DAYS}`;
  throw new RegistrationError([{ path: ['grace'], wrong: `it is ${days}`, right }]);
}

/** A scope as it is recorded. */
export function scopeText(scope: RotationScope): string {
  if ('all' in scope) return 'all';
  return 'vendorId' in scope ? `vendor:${scope.vendorId}` : `sector:${scope.sector}`;
}

/**
 * The sectors of a scope, in a fixed order.
 *
 * @throws UnknownError; ConflictError where their users are those of a sector that is not in it
 */
export async function sectorsOf(db: Connection, scope: RotationScope): Promise<readonly string[]> {
  if ('all' in scope) return sectorsInUse(db);
  if ('sector' in scope) {
    const known = await sectorsInUse(db);
    if (known.includes(scope.sector)) return mustHoldUsers(db, [scope.sector]);
    throw new UnknownError(`There is no sector "${scope.sector}".`);
  }
  const owners = await readSectorOwners(db);
  const owned = [...owners].flatMap(([sector, owner]) => (owner === scope.vendorId ? sector : []));
  if (owned.length === 0) throw new UnknownError(`There is no sector of "${scope.vendorId}".`);
  return mustHoldUsers(db, owned.toSorted());
}

async function mustHoldUsers(
  db: Connection,
  sectors: readonly string[],
): Promise<readonly string[]> {
  for (const { sector, into } of await readLinks(db)) {
    if (!sectors.includes(sector) || sectors.includes(into)) continue;
    throw new ConflictError(
      `The sector "${sector}" is linked into "${into}": say that one, and its users here have their turn too.`,
    );
  }
  return sectors;
}

/** How many users have a pseudonym in these sectors. */
export async function usersIn(db: Connection, sectors: readonly string[]): Promise<number> {
  let users = 0;
  for (const sector of sectors) {
    const row = await db('pseudonyms')
      .where({ sector: bytes(sector) })
      .whereNull('retired_at')
      .count<{ users: number | string }[]>({ users: '*' });
    users += Number(row[0]?.users ?? 0);
  }
  return users;
}

/** The sector of a client. Throws {@link UnknownError}. */
export async function sectorOfClient(db: Connection, clientId: string): Promise<string> {
  const row = await db('clients')
    .where({ client_id: bytes(clientId) })
    .first<{ sector: Buffer } | undefined>('sector');
  if (row === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  return text(row.sector);
}
