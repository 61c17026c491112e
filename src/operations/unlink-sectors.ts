import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { bytes } from '../database/bytes.ts';
import type { Connection } from '../database/connection.ts';
import { inTransaction } from '../database/connection.ts';
import { changeLink, deleteLink, readLink } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { partUsers } from '../subjects/part.ts';
import { timesOf } from '../subjects/placement.ts';
import { lockNewestOfMany } from '../subjects/rotation-store.ts';
import { advanceRun, finishRun, takeRun } from '../subjects/rotation-run.ts';
import type { RotationRun } from '../subjects/rotation-run.ts';
import { endSessionsIn } from '../vendors/client-store.ts';
import { ConflictError, UnknownError } from '../vendors/problem.ts';
import { lockRegistry } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { retried } from './link-subject.ts';
import { requireGrace, usersIn } from './rotation-request.ts';
import { occupied, takenOver } from './run-conflicts.ts';

/** A sector that shall have subjects of its own again. */
export interface UnlinkSectors {
  readonly sector: string;
  /** Whether users whom both sectors know keep the same subject in both; else they get a new one here. */
  readonly keep: boolean;
  /** Days for which the former one still resolves here. */
  readonly graceDays: number;
  /** Whether the tokens of the sector's clients end. */
  readonly endSessions: boolean;
  /** Told after each step how many users have had their turn. */
  readonly onProgress?: ((users: number) => void) | undefined;
}

/** What was done, all processes that had a part in it together. */
export interface UnlinkedSectors {
  readonly sector: string;
  readonly from: string;
  /** Users whom both sectors know: they have a new subject in this one, or the same in both. */
  readonly shared: number;
  /** Whether those keep the same, and so can be told to be the same still. */
  readonly kept: boolean;
  readonly graceDays: number;
  readonly resumed: boolean;
}

/** What ending a link means, for whoever has to confirm it. */
export interface UnlinkPlan {
  readonly link: SectorLink;
  /** Users with a pseudonym in the sector that it is linked into. */
  readonly users: number;
}

const STEP = 200;

/**
 * What an unlinking would do.
 *
 * @throws UnknownError; ConflictError while the link itself is not complete
 */
export async function planUnlink(db: Connection, sector: string): Promise<UnlinkPlan> {
  const link = await readLink(db, sector);
  if (link === undefined) throw new UnknownError(`The sector "${sector}" is not linked.`);
  if (link.mode !== 'parting' && link.carriedAt === undefined) {
    throw new ConflictError(
      `The link of ${sector} ${link.into} is not complete: complete it first, by the same command.`,
    );
  }
  return { link, users: await usersIn(db, [link.into]) };
}

/**
 * Ends a link: from now on the sector has subjects of its own. It gets back what it alone
 * knows. For a user whom both know it gets a new one, of which its clients are told; or keeps
 * the same. Resumable as `linkSectors` is.
 *
 * @throws UnknownError, RegistrationError; ConflictError where another run is incomplete or under way
 */
export async function unlinkSectors(
  context: OperationContext,
  request: UnlinkSectors,
  by: By,
): Promise<UnlinkedSectors> {
  requireGrace(request.graceDays);
  const { db, clock } = context;
  const { sector, keep: keeps, graceDays, endSessions } = request;
  await planUnlink(db, sector);
  const wanted = { scope: `unlink:${sector}`, graceDays, endSessions };
  const run = await takeRun(db, wanted, clock, async (trx) => {
    await lockRegistry(trx);
    const { link } = await planUnlink(trx, sector);
    // Waits for every login that has read the link: they are parted as the others.
    const change = { mode: 'parting', keeps, graceDays } as const;
    if (!(await changeLink(trx, { sector, mode: 'linked' }, change))) throw takenOver();
    const details = { from: link.into, keep: keeps, grace_days: graceDays };
    await appendAudit(trx, { ...by, act: 'sectors.unlinked', target: sector, details }, clock());
  });
  if ('occupied' in run) throw occupied(run);
  const link = await readLink(db, sector);
  if (link === undefined) throw takenOver();
  const parted = await partAll(context, run, link, request.onProgress);
  // Whoever logged in meanwhile had their turn by that.
  const shared = link.keeps ? await usersInBoth(db, link) : parted;
  await finish(context, run, link, shared, by);
  return {
    ...{ sector, from: link.into, shared, kept: link.keeps },
    ...{ graceDays: link.graceDays, resumed: run.resumed },
  };
}

/** How many users have the same pseudonym in both sectors. */
async function usersInBoth(db: Connection, { sector, into }: SectorLink): Promise<number> {
  const [row] = await db('pseudonyms as own')
    .join('pseudonyms as other', 'own.sub', 'other.sub')
    .where({ 'own.sector': bytes(sector), 'other.sector': bytes(into) })
    .whereNull('own.retired_at')
    .whereNull('other.retired_at')
    .count<{ users: number | string }[]>({ users: '*' });
  return Number(row?.users ?? 0);
}

async function partAll(
  context: OperationContext,
  run: RotationRun,
  link: SectorLink,
  onProgress: UnlinkSectors['onProgress'],
): Promise<number> {
  const { db, atRest, keyring, clock } = context;
  const mover = { ...nameKeys(context), tombstoneRoot: keyring.tombstone };
  const times = timesOf(link, run.startedAt);
  const { into: sector } = link;
  let [users, shared, after] = [run.rotated, run.changed, run.userIndex];
  for (;;) {
    const step = await retried(() =>
      inTransaction(db, async (trx) => {
        const next = await lockNewestOfMany(trx, atRest, sector, after, STEP);
        const last = next.at(-1)?.userIndex;
        if (last === undefined) return undefined;
        const names = next.map(({ localSubject }) => localSubject);
        const { parted } = await partUsers(trx, mover, link, names, times);
        const counts = { rotated: users + next.length, changed: shared + parted };
        const place = { sector, userIndex: last, ...counts };
        if (!(await advanceRun(trx, run, place, clock()))) throw takenOver();
        return { last, ...counts };
      }),
    );
    if (step === undefined) return shared;
    const count = link.keeps ? 0 : step.changed - shared;
    context.pseudonymsMade?.({ sector: link.sector, origin: 'unlinking', count });
    [users, shared, after] = [step.rotated, step.changed, step.last];
    onProgress?.(users);
  }
}

async function finish(
  { db, clock }: OperationContext,
  run: RotationRun,
  { sector, into, keeps }: SectorLink,
  shared: number,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await finishRun(trx, run))) throw takenOver();
    await deleteLink(trx, sector);
    if (run.endSessions) await endSessionsIn(trx, sector, at);
    const details = { from: into, shared, kept: keeps, ended_sessions: run.endSessions };
    await appendAudit(trx, { ...by, act: 'sectors.parted', target: sector, details }, at);
  });
}
