import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Transaction } from '../database/connection.ts';
import { holdLink, holdLinksInto } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { carryUsers } from './carry.ts';
import type { CarryTimes } from './carry.ts';
import type { Mover } from './move.ts';
import { partUsers } from './part.ts';
import { lockNewest } from './store.ts';
import type { Pseudonym } from './store.ts';

/** Where the pseudonyms of a sector's users are; nobody changes it until the transaction ends. */
export interface Placement {
  readonly sector: string;
  /** Links whose users may still have pseudonyms of their own. */
  readonly uncarried: readonly SectorLink[];
  /** Sectors in which no new pseudonym may stand for anybody else: that one first. */
  readonly beside: readonly string[];
  /** Whether clients of two vendors share it. */
  readonly betweenVendors: boolean;
  /** The link that ends, where the users are being given pseudonyms of their own. */
  readonly parting: SectorLink | undefined;
}

/**
 * Reads where a sector's users are. The links in the database decide, not what a replica has
 * heard of them: so nobody gets a second pseudonym from one that has yet to hear.
 */
export async function placementOf(trx: Transaction, sector: string): Promise<Placement> {
  const link = await holdLink(trx, sector);
  const place = link?.mode === 'linked' ? link.into : sector;
  const into = await holdLinksInto(trx, place);
  const linked = into.filter(({ mode }) => mode === 'linked');
  const around = link?.mode === 'checking' ? [link, ...into] : into;
  const beside = new Set([place, ...around.flatMap((each) => [each.sector, each.into])]);
  return {
    sector: place,
    uncarried: linked.filter(({ carriedAt }) => carriedAt === undefined),
    beside: [...beside],
    betweenVendors: around.some(({ betweenVendors }) => betweenVendors),
    parting: link?.mode === 'parting' ? link : undefined,
  };
}

/** Whether two readings found the same. */
export function isSamePlacement(one: Placement, other: Placement): boolean {
  return keyOf(one) === keyOf(other);
}

function keyOf({ sector, beside, uncarried, parting }: Placement): string {
  return JSON.stringify([sector, beside, uncarried.length, parting?.sector ?? null]);
}

const DAY = 24 * 3600 * 1000;

/** When a user is carried over, or parted, by a link. */
export function timesOf({ graceDays }: SectorLink, at: Date): CarryTimes {
  return { at, graceUntil: new Date(at.getTime() + graceDays * DAY) };
}

/**
 * The current pseudonym of a user of a linked sector, or of one that others are linked into.
 * Whoever has not had their turn yet has it now. Undefined: there is none.
 *
 * @throws {PseudonymTaken} where another login was first: begin the transaction again
 */
export async function findPlaced(
  trx: Transaction,
  mover: Mover & { readonly clock: () => Date },
  place: Placement,
  localSubject: string,
): Promise<Pseudonym | undefined> {
  const { sector, uncarried, parting } = place;
  // Neither linked, nor are others into it.
  if (place.beside.length === 1 && parting === undefined) return undefined;
  const at = mover.clock();
  if (parting !== undefined) {
    await partUsers(trx, mover, parting, [localSubject], timesOf(parting, at));
  }
  for (const link of uncarried) {
    await carryUsers(trx, mover, link, [localSubject], timesOf(link, at));
  }
  return lockNewest(trx, { sector, userIndex: indexUser(mover.indexRoot, sector, localSubject) });
}
