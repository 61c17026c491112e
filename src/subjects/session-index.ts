import { userIndex as indexUser } from '../database/blind-index.ts';

/**
 * Under what a session is found by the upstream's `sid`. Another in every sector: one for all
 * would tie the user's rows in different sectors together.
 */
export function upstreamSidIndex(
  indexRoot: Uint8Array,
  sector: string,
  upstreamSid: string,
): Buffer {
  return indexUser(indexRoot, `upstream sid in ${sector}`, upstreamSid);
}

/** Under what a session is known by the hash of the cookie that binds its browser; per sector too. */
export function browserIndex(indexRoot: Uint8Array, sector: string, browser: string): Buffer {
  return indexUser(indexRoot, `browser in ${sector}`, browser);
}

/** The user's own index in a sector. */
export function userIndexIn(indexRoot: Uint8Array, sector: string, localSubject: string): Buffer {
  return indexUser(indexRoot, sector, localSubject);
}
