import { lockHead } from '../audit/store.ts';
import { bytes } from '../database/bytes.ts';
import type { Transaction } from '../database/connection.ts';
import { lockFormerNames, noteFormerNames, renamedTo } from '../subjects/former-names.ts';
import type { NameKeys, Renaming } from '../subjects/former-names.ts';
import { moveHandles } from '../subjects/move-store.ts';
import type { Move } from '../subjects/move-store.ts';
import { moveInSector } from '../subjects/move.ts';
import type { MoveProblem, Preferred } from '../subjects/move.ts';
import { incompleteRun } from '../subjects/rotation-run.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { readPhases } from '../vendors/phase-store.ts';
import { ConflictError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';
import { graceFrom } from './rotation-request.ts';

/** How users are linked to the names that the provider has for them from now on. */
export interface LinkSettings {
  /** Days for which the old name still means the same user, and a pseudonym that lost resolves. */
  readonly graceDays: number;
  /** Whose pseudonym stays where both names have one; undefined: that is a conflict. */
  readonly prefer: Preferred | undefined;
}

export type LinkProblem = MoveProblem | 'linked_otherwise' | 'name_is_former' | 'chain';

/** What became of some users, before the transaction ends. */
export interface LinkedBatch {
  /** Linked now. */
  readonly linked: number;
  /** Were linked to these names before. */
  readonly present: number;
  /** Of those linked: had a pseudonym somewhere, counted by sector. */
  readonly moved: number;
  /** Had one under both names, by sector. */
  readonly merged: number;
  readonly sectors: readonly { readonly sector: string; readonly moves: readonly Move[] }[];
  readonly problems: ReadonlyMap<Renaming, LinkProblem>;
}

/** A grant lasts a year, and a day is for slow clocks: until then tokens have the old index. */
const KEPT_DAYS = 366;

/**
 * Links users in the caller's transaction, which must not be committed where
 * there are problems. The audit log's handles are for {@link moveAllHandles}.
 *
 * @param mayChain whether a name to which somebody was linked may be linked on, as operators
 *   do by hand; in a file it would depend on the order of its lines
 * @throws {PseudonymTaken} where a login was first: begin the transaction again
 * @throws ConflictError while pseudonyms are rotated, or a client serves some of its users only
 */
export async function linkBatch(
  trx: Transaction,
  context: OperationContext,
  renamings: readonly Renaming[],
  { graceDays, prefer }: LinkSettings,
  mayChain: boolean,
): Promise<LinkedBatch> {
  const keys = nameKeys(context);
  const at = context.clock();
  await requireNoRotation(trx);
  const problems = new Map<Renaming, LinkProblem>();
  const names = renamings.flatMap(({ from, to }) => [from, to]);
  const former = await lockFormerNames(trx, keys, names);
  const standing = (name: string) => {
    const found = former.get(name);
    return found !== undefined && found.graceUntil > at ? found : undefined;
  };
  const absent = renamings.filter(({ from, to }) => standing(from)?.to !== to);
  const chained = mayChain
    ? new Set<string>()
    : await renamedTo(
        ...([trx, keys] as const),
        absent.flatMap(({ from, to }) => [from, to]),
        at,
      );
  for (const renaming of absent) {
    const { from, to } = renaming;
    const takenTo = standing(to)?.to;
    if (standing(from) !== undefined) problems.set(renaming, 'linked_otherwise');
    else if (takenTo !== undefined && takenTo !== from) problems.set(renaming, 'name_is_former');
    else if (chained.has(from) || chained.has(to)) problems.set(renaming, 'chain');
  }
  const present = renamings.length - absent.length;
  const nothing = { linked: 0, present, moved: 0, merged: 0, sectors: [], problems };
  if (problems.size > 0 || absent.length === 0) return nothing;
  const graceUntil = graceFrom(at, graceDays);
  const expiresAt = graceFrom(at, Math.max(graceDays, KEPT_DAYS));
  // Before any pseudonym is read: a login that makes one looks here afterwards.
  await noteFormerNames(trx, keys, absent, former, { graceUntil, expiresAt });
  const mover = { ...keys, tombstoneRoot: context.keyring.tombstone };
  const sectors: { sector: string; moves: readonly Move[] }[] = [];
  let [moved, merged] = [0, 0];
  for (const sector of await sectorsInUse(trx)) {
    const done = await moveInSector(trx, mover, sector, absent, { at, graceUntil, prefer });
    for (const [renaming, problem] of done.problems) problems.set(renaming, problem);
    sectors.push({ sector, moves: done.moves });
    if (done.moved > 0) await requireNoPilot(trx, sector);
    moved += done.moved;
    merged += done.merged;
  }
  return { linked: absent.length, present, moved, merged, sectors, problems };
}

/** Lets the audit log mean the same users; behind `appendChange`, before the entry itself. */
export async function moveAllHandles(
  trx: Transaction,
  { sectors }: Pick<LinkedBatch, 'sectors'>,
): Promise<void> {
  await lockHead(trx);
  for (const { sector, moves } of sectors) await moveHandles(trx, sector, moves);
}

/** What reading and writing names needs. */
export function nameKeys({ atRest, keyring }: Pick<OperationContext, 'atRest' | 'keyring'>) {
  return { atRest, indexRoot: keyring.index } satisfies NameKeys;
}

/**
 * A rotation, and a link between sectors, goes through users in the order of their indexes,
 * which change here.
 *
 * @throws ConflictError
 */
export async function requireNoRotation(trx: Transaction): Promise<void> {
  const incomplete = await incompleteRun(trx);
  if (incomplete !== undefined) throw new ConflictError(incomplete.text);
}

/**
 * While a link is not complete, users are in the one sector or in the other.
 *
 * @throws ConflictError
 */
export async function requireNoLinking(trx: Transaction): Promise<void> {
  const incomplete = await incompleteRun(trx);
  if (incomplete?.kind === 'link') throw new ConflictError(incomplete.text);
}

/** Who takes part in a pilot is chosen by an index, which changes here. */
async function requireNoPilot(trx: Transaction, sector: string): Promise<void> {
  const clients = await trx('clients')
    .where({ sector: bytes(sector) })
    .select<{ client_id: Buffer }[]>('client_id');
  const ids = clients.map((row) => row.client_id.toString());
  for (const [clientId, phases] of await readPhases(trx, ids)) {
    const newest = phases.at(-1);
    const isPilot = newest?.percent !== undefined || (newest?.pilotUsers.length ?? 0) > 0;
    if (newest?.phase !== 'pairwise' || !isPilot) continue;
    throw new ConflictError(
      `The client "${clientId}" serves pseudonyms to some of its users only, and would choose anew: complete its rollout first.`,
    );
  }
}
