import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Connection } from '../database/connection.ts';
import { subjectSectors } from '../database/sector-links.ts';
import { findLocalSubject, findNewest } from './store.ts';
import type { Pseudonym } from './store.ts';

/**
 * The local subject behind a `sub` of a sector, or of the one that it is linked into, that
 * resolves: the newest, or one in its grace.
 */
export async function findSharedSubject(
  connection: Connection,
  atRest: AtRest,
  sector: string,
  sub: string,
  now: Date,
): Promise<string | undefined> {
  for (const each of await subjectSectors(connection, sector)) {
    const localSubject = await findLocalSubject(connection, atRest, each, sub, now);
    if (localSubject !== undefined) return localSubject;
  }
  return undefined;
}

/** The newest pseudonym that clients of a sector know a user by. */
export async function findSharedNewest(
  connection: Connection,
  indexRoot: Uint8Array,
  sector: string,
  localSubject: string,
): Promise<Pseudonym | undefined> {
  for (const each of await subjectSectors(connection, sector)) {
    const user = { sector: each, userIndex: indexUser(indexRoot, each, localSubject) };
    const newest = await findNewest(connection, user);
    if (newest !== undefined) return newest;
  }
  return undefined;
}
