import { bytes, text } from './bytes.ts';
import type { Connection, Transaction } from './connection.ts';
import { Overtaken } from './failures.ts';

/**
 * How far a link is: `checking` has no effect but that nothing may collide; `linked` lets the
 * one sector use the subjects of the other; `parting` gives its users subjects of its own again.
 */
export type LinkMode = 'checking' | 'linked' | 'parting';

/** A sector that uses the subjects of another one. */
export interface SectorLink {
  readonly sector: string;
  /** Where its users' pseudonyms are. */
  readonly into: string;
  readonly mode: LinkMode;
  /** Whose pseudonym stays where a user has one in both: that of `sector`, or that of `into`. */
  readonly prefersLinked: boolean;
  /** Whether two vendors share the subjects. */
  readonly betweenVendors: boolean;
  /** While parting: whether users keep the subject that both sectors know. */
  readonly keeps: boolean;
  /** Days for which a pseudonym resolves whose place another takes by the link, or its end. */
  readonly graceDays: number;
  readonly linkedAt: Date;
  /** Since when nothing is left to carry over. */
  readonly carriedAt: Date | undefined;
}

interface Row {
  readonly sector: Buffer;
  readonly into_sector: Buffer;
  readonly mode: LinkMode;
  readonly prefers_linked: boolean | number;
  readonly between_vendors: boolean | number;
  readonly keeps: boolean | number;
  readonly grace_days: number;
  readonly linked_at: number | string;
  readonly carried_at: number | string | null;
}

/** All links, by the names of the sectors. */
export async function readLinks(db: Connection | Transaction): Promise<readonly SectorLink[]> {
  const rows = await db('sector_links').orderBy('sector').select<Row[]>();
  return rows.map(fromRow);
}

/** {@link readLinks}, which nobody changes until the transaction ends. */
export async function holdLinks(trx: Transaction): Promise<readonly SectorLink[]> {
  const rows = await trx('sector_links').orderBy('sector').forShare().select<Row[]>();
  return rows.map(fromRow);
}

/**
 * Nobody has linked sectors since {@link holdLinks} said which are. To be asked when all of a user
 * was found: a link that began behind the first look may have carried them from where had not been
 * looked yet to where had been.
 *
 * @throws {Overtaken} whereupon `inTransaction` begins again
 */
export async function requireNoNewLinks(
  trx: Transaction,
  links: readonly SectorLink[],
): Promise<void> {
  const known = new Set(links.map(({ sector }) => sector));
  const isNew = ({ sector }: SectorLink): boolean => !known.has(sector);
  if ((await holdLinks(trx)).some(isNew)) throw new Overtaken('sectors were linked meanwhile');
}

/**
 * Sectors in an order in which a user who is looked for in each cannot slip through: pseudonyms
 * are carried from one that is linked, and to one that parts.
 */
export function inOrderOfMoves(
  sectors: readonly string[],
  links: readonly SectorLink[],
): readonly string[] {
  const modes = new Map(links.map(({ sector, mode }) => [sector, mode]));
  const ranks = { linked: 0, checking: 1, parting: 2 } as const;
  const rank = (sector: string): number => ranks[modes.get(sector) ?? 'checking'];
  return sectors.toSorted((one, other) => rank(one) - rank(other));
}

/** The link of a sector into another one. */
export async function readLink(
  db: Connection | Transaction,
  sector: string,
): Promise<SectorLink | undefined> {
  const row = await db('sector_links')
    .where({ sector: bytes(sector) })
    .first<Row | undefined>();
  return row && fromRow(row);
}

/** {@link readLink}, which nobody changes until the transaction ends. */
export async function holdLink(trx: Transaction, sector: string): Promise<SectorLink | undefined> {
  const row = await trx('sector_links')
    .where({ sector: bytes(sector) })
    .forShare()
    .first<Row | undefined>();
  return row && fromRow(row);
}

/** The links into a sector, which nobody changes until the transaction ends. */
export async function holdLinksInto(
  trx: Transaction,
  into: string,
): Promise<readonly SectorLink[]> {
  const rows = await trx('sector_links')
    .where({ into_sector: bytes(into) })
    .orderBy('sector')
    .forShare()
    .select<Row[]>();
  return rows.map(fromRow);
}

/** Where the pseudonyms of a sector's users are: there, and in the one that it is linked into. */
export async function subjectSectors(
  db: Connection | Transaction,
  sector: string,
): Promise<readonly string[]> {
  const link = await readLink(db, sector);
  return link === undefined || link.mode === 'checking' ? [sector] : [sector, link.into];
}

/** The sector in which those of most of its users are. */
export async function subjectSector(db: Connection | Transaction, sector: string): Promise<string> {
  return (await subjectSectors(db, sector)).at(-1) ?? sector;
}

/** A sector with those that use its subjects, or are about to lose them. */
export async function sectorWithLinked(
  db: Connection | Transaction,
  sector: string,
): Promise<readonly string[]> {
  const linked = await db('sector_links')
    .where({ into_sector: bytes(sector) })
    .orderBy('sector')
    .select<{ sector: Buffer }[]>('sector');
  return [sector, ...linked.map((row) => text(row.sector))];
}

/** Whether a sector is linked, either way. */
export async function isLinked(db: Connection | Transaction, sector: string): Promise<boolean> {
  const row: unknown = await db('sector_links')
    .where({ sector: bytes(sector) })
    .orWhere({ into_sector: bytes(sector) })
    .first('sector');
  return row !== undefined;
}

export async function insertLink(trx: Transaction, link: SectorLink): Promise<void> {
  await trx('sector_links').insert({
    ...{ sector: bytes(link.sector), into_sector: bytes(link.into), mode: link.mode },
    ...{ prefers_linked: link.prefersLinked, between_vendors: link.betweenVendors },
    ...{ keeps: link.keeps, grace_days: link.graceDays, linked_at: link.linkedAt.getTime() },
    carried_at: link.carriedAt?.getTime() ?? null,
  });
}

/** Changes a link that is in a mode; false: it is in none, or another. */
export async function changeLink(
  trx: Transaction,
  { sector, mode }: Pick<SectorLink, 'sector' | 'mode'>,
  to: Partial<Pick<SectorLink, 'mode' | 'keeps' | 'graceDays' | 'carriedAt'>>,
): Promise<boolean> {
  const changed = await trx('sector_links')
    .where({ sector: bytes(sector), mode })
    .update({
      ...(to.mode !== undefined && { mode: to.mode }),
      ...(to.keeps !== undefined && { keeps: to.keeps }),
      ...(to.graceDays !== undefined && { grace_days: to.graceDays }),
      ...(to.carriedAt !== undefined && { carried_at: to.carriedAt.getTime() }),
    });
  return changed === 1;
}

export async function deleteLink(trx: Transaction, sector: string): Promise<void> {
  await trx('sector_links')
    .where({ sector: bytes(sector) })
    .del();
}

function fromRow(row: Row): SectorLink {
  return {
    ...{ sector: text(row.sector), into: text(row.into_sector), mode: row.mode },
    prefersLinked: Boolean(row.prefers_linked),
    betweenVendors: Boolean(row.between_vendors),
    ...{ keeps: Boolean(row.keeps), graceDays: row.grace_days },
    linkedAt: new Date(Number(row.linked_at)),
    carriedAt: row.carried_at === null ? undefined : new Date(Number(row.carried_at)),
  };
}
