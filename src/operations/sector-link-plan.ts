import type { Connection } from '../database/connection.ts';
import { readLinks } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { ConflictError, RegistrationError, UnknownError } from '../vendors/problem.ts';
import { preservesSubjects, readSectorOwners } from '../vendors/vendor-store.ts';
import { usersIn } from './rotation-request.ts';

/** Two sectors that shall share subjects. */
export interface SectorPair {
  /** The sector that is linked. */
  readonly sector: string;
  /** The one whose subjects its clients use from then on. */
  readonly into: string;
  /** Both vendors, named on purpose, where there are two. */
  readonly vendors: readonly string[];
}

/** What linking two sectors means, for whoever has to confirm it. */
export interface LinkPlan {
  readonly sector: string;
  readonly into: string;
  /** The vendor of each: two names, the same one twice or not. */
  readonly vendors: readonly [string, string];
  readonly betweenVendors: boolean;
  /** Users with a pseudonym in the sector that is linked. */
  readonly users: number;
  /** And in the other one. */
  readonly usersThere: number;
  /** The link, where it stands already. */
  readonly standing: SectorLink | undefined;
}

/**
 * What a link would do.
 *
 * @throws UnknownError, RegistrationError, ConflictError
 */
export async function planLink(
  db: Connection,
  { sector, into, vendors: named }: SectorPair,
): Promise<LinkPlan> {
  if (sector === into) {
    const right = 'give two different sectors';
    throw new RegistrationError([{ path: ['into'], wrong: 'it is the same sector', right }]);
  }
  const owners = await readSectorOwners(db);
  const vendors = [ownerOf(owners, sector), ownerOf(owners, into)] as const;
  const betweenVendors = vendors[0] !== vendors[1];
  mustName(vendors, named);
  const links = await readLinks(db);
  const standing = links.find((link) => link.sector === sector);
  if (standing === undefined) {
    mustBeFree(links, sector, into);
    if (betweenVendors) await mustNotPreserve(db, [sector, into]);
  } else if (standing.into !== into || standing.mode === 'parting') {
    throw isLinkedAlready(standing);
  }
  const users = await usersIn(db, [sector]);
  const usersThere = await usersIn(db, [into]);
  return { sector, into, vendors, betweenVendors, users, usersThere, standing };
}

function ownerOf(owners: ReadonlyMap<string, string>, sector: string): string {
  const owner = owners.get(sector);
  if (owner === undefined) throw new UnknownError(`There is no sector "${sector}".`);
  return owner;
}

/** Two vendors that share subjects can compare their users, so nobody links them unawares. */
function mustName(vendors: readonly [string, string], named: readonly string[]): void {
  const wanted = [...new Set(vendors)].toSorted();
  const given = [...new Set(named)].toSorted();
  const isNamed =
    wanted.length === given.length && wanted.every((id, place) => id === given[place]);
  if (isNamed || (wanted.length === 1 && given.length === 0)) return;
  const whose = wanted.map((id) => `"${id}"`).join(' and ');
  const wrong = `the sectors are those of ${whose}`;
  const right =
    wanted.length === 1
      ? 'name that vendor, or none'
      : 'name both vendors, who can then tell which users they have in common';
  throw new RegistrationError([{ path: ['vendors'], wrong, right }]);
}

/** One sector holds the subjects of a group, so that each login finds them at once. */
function mustBeFree(links: readonly SectorLink[], sector: string, into: string): void {
  const host = links.find((link) => link.sector === into);
  if (host !== undefined) throw isLinkedAlready(host);
  const guest = links.find((link) => link.into === sector);
  if (guest !== undefined) {
    throw new ConflictError(
      `The sector "${guest.sector}" is linked into "${sector}": link both into "${into}" one by one, or the other way round.`,
    );
  }
}

function isLinkedAlready({ sector, into, mode }: SectorLink): ConflictError {
  const how = mode === 'parting' ? 'is being unlinked from' : 'is linked into';
  return new ConflictError(`The sector "${sector}" ${how} "${into}" already.`);
}

/** What one vendor has as a pseudonym and is an original subject must not come to another. */
async function mustNotPreserve(db: Connection, sectors: readonly string[]): Promise<void> {
  for (const sector of sectors) {
    if (!(await preservesSubjects(db, sector))) continue;
    throw new ConflictError(
      `Users of "${sector}" have original subjects as pseudonyms, which the other vendor would be given: rotate them, and end migration mode preserve, first.`,
    );
  }
}
