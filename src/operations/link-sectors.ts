import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import { changeLink, deleteLink, insertLink, readLink } from '../database/sector-links.ts';
import type { SectorLink } from '../database/sector-links.ts';
import { carryUsers } from '../subjects/carry.ts';
import { compareNext } from '../subjects/link-collisions.ts';
import { timesOf } from '../subjects/placement.ts';
import { lockNewestOfMany } from '../subjects/rotation-store.ts';
import { advanceRun, finishRun, takeRun } from '../subjects/rotation-run.ts';
import type { RotationRun } from '../subjects/rotation-run.ts';
import { endSessionsAround } from '../vendors/client-store.ts';
import { ConflictError } from '../vendors/problem.ts';
import { lockRegistry } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';
import { nameKeys } from './link-batch.ts';
import { retried } from './link-subject.ts';
import { requireGrace } from './rotation-request.ts';
import { occupied, takenOver } from './run-conflicts.ts';
import { planLink } from './sector-link-plan.ts';
import type { SectorPair } from './sector-link-plan.ts';

/** Two sectors that shall share subjects from now on. */
export interface LinkSectors extends SectorPair {
  /** Whose pseudonym users keep who have one in both. */
  readonly keep: 'linked' | 'into';
  /** Days for which the other one still resolves. */
  readonly graceDays: number;
  /** Whether the tokens of all clients of both end when everybody has been carried over. */
  readonly endSessions: boolean;
  /** Told after each step how many users have had their turn. */
  readonly onProgress?: ((users: number) => void) | undefined;
}

/** What was done, all processes that had a part in it together. */
export interface LinkedSectors {
  readonly sector: string;
  readonly into: string;
  /** They were linked before, and nothing was left to do. */
  readonly wasLinked: boolean;
  /** Users of the linked sector, whose pseudonyms are the other one's now. */
  readonly carried: number;
  /** Of those: had one in both. */
  readonly merged: number;
  readonly graceDays: number;
  /** Whether a process that had begun it was killed before it was done. */
  readonly resumed: boolean;
}

/** Users a step: few enough that a login waits a moment at the most. */
const STEP = 200;
const COMPARED = 500;

/**
 * Lets the clients of one sector use the subjects of another from now on. Every login decides by
 * the database, so it holds everywhere at once; who has a pseudonym already is carried over some
 * at a time, or when they come. A process that was killed leaves a note of how far it was, and the
 * same request goes on from there, with the choices that it was begun with.
 *
 * @throws UnknownError, RegistrationError; ConflictError where they cannot be linked, where one
 *   subject stands for two users, or where another run is incomplete or under way
 */
export async function linkSectors(
  context: OperationContext,
  request: LinkSectors,
  by: By,
): Promise<LinkedSectors> {
  requireGrace(request.graceDays);
  const { db, clock } = context;
  const { sector, into, graceDays, endSessions } = request;
  const { standing } = await planLink(db, request);
  if (standing?.carriedAt !== undefined) {
    return { sector, into, wasLinked: true, carried: 0, merged: 0, graceDays, resumed: false };
  }
  const wanted = { scope: `link:${sector} ${into}`, graceDays, endSessions };
  const run = await takeRun(db, wanted, clock, async (trx) => {
    await lockRegistry(trx);
    const plan = await planLink(trx, request);
    if (plan.standing !== undefined)
      throw new ConflictError('They were linked at this very moment.');
    await insertLink(trx, {
      ...{ sector, into, mode: 'checking', prefersLinked: request.keep === 'linked', keeps: false },
      ...{
        betweenVendors: plan.betweenVendors,
        graceDays,
        linkedAt: clock(),
        carriedAt: undefined,
      },
    });
  });
  if ('occupied' in run) throw occupied(run);
  const link = await begun(context, run, request, by);
  const { carried, merged } = await carryAll(context, run, link, request.onProgress);
  await finish(context, run, link, { carried, merged }, by);
  const { resumed } = run;
  return { sector, into, wasLinked: false, carried, merged, graceDays: link.graceDays, resumed };
}

/** The link in effect, after nothing was found that would stand for two users. */
async function begun(
  context: OperationContext,
  run: RotationRun,
  { sector, vendors }: LinkSectors,
  by: By,
): Promise<SectorLink> {
  const { db, clock } = context;
  const link = await readLink(db, sector);
  if (link === undefined) throw takenOver();
  if (link.mode !== 'checking') return link;
  const collisions =
    (await collisionsOf(context, run, { sector, other: link.into })) +
    (await collisionsOf(context, run, { sector: link.into, other: sector }));
  if (collisions > 0) {
    await inTransaction(db, async (trx) => {
      if (!(await finishRun(trx, run))) throw takenOver();
      await deleteLink(trx, sector);
    });
    throw new ConflictError(
      `The sectors cannot be linked: ${collisions} subjects of the one stand for other users in the other. Rotate those users first.`,
    );
  }
  const at = clock();
  await inTransaction(db, async (trx) => {
    await hold(trx, run, { sector, userIndex: undefined, rotated: 0 }, at);
    await changeLink(trx, link, { mode: 'linked' });
    const { into, prefersLinked, betweenVendors, graceDays } = link;
    const details = {
      ...{ into, keep: prefersLinked ? 'linked' : 'into', grace_days: graceDays },
      ...(betweenVendors && { between_vendors: [...vendors].toSorted().join(', ') }),
    };
    await appendAudit(trx, { ...by, act: 'sectors.linked', target: sector, details }, at);
  });
  return { ...link, mode: 'linked' };
}

async function collisionsOf(
  context: OperationContext,
  run: RotationRun,
  pair: { readonly sector: string; readonly other: string },
): Promise<number> {
  let after: Uint8Array | undefined;
  let collisions = 0;
  for (;;) {
    const from = after;
    const step = await inTransaction(context.db, async (trx) => {
      const place = { sector: pair.sector, userIndex: undefined, rotated: 0 };
      await hold(trx, run, place, context.clock());
      return compareNext(trx, nameKeys(context), pair, { after: from, limit: COMPARED });
    });
    if (step === undefined) return collisions;
    after = step.last;
    collisions += step.collisions;
  }
}

async function carryAll(
  context: OperationContext,
  run: RotationRun,
  link: SectorLink,
  onProgress: LinkSectors['onProgress'],
): Promise<{ readonly carried: number; readonly merged: number }> {
  const { db, atRest, keyring, clock } = context;
  const mover = { ...nameKeys(context), tombstoneRoot: keyring.tombstone };
  const times = timesOf(link, run.startedAt);
  const { sector } = link;
  let [carried, merged, after] = [run.rotated, run.changed, run.userIndex];
  for (;;) {
    const step = await retried(() =>
      inTransaction(db, async (trx) => {
        const users = await lockNewestOfMany(trx, atRest, sector, after, STEP);
        const last = users.at(-1)?.userIndex;
        if (last === undefined) return undefined;
        const names = users.map(({ localSubject }) => localSubject);
        const done = await carryUsers(trx, mover, link, names, times);
        const counts = { rotated: carried + done.carried, changed: merged + done.merged };
        await hold(trx, run, { sector, userIndex: last, ...counts }, clock());
        return { last, ...counts };
      }),
    );
    if (step === undefined) return { carried, merged };
    [carried, merged, after] = [step.rotated, step.changed, step.last];
    onProgress?.(carried);
  }
}

async function finish(
  { db, clock }: OperationContext,
  run: RotationRun,
  { sector, into, mode }: SectorLink,
  done: { readonly carried: number; readonly merged: number },
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await finishRun(trx, run))) throw takenOver();
    await changeLink(trx, { sector, mode }, { carriedAt: at });
    if (run.endSessions) await endSessionsAround(trx, [sector, into], at);
    const details = { into, ...done, ended_sessions: run.endSessions };
    await appendAudit(trx, { ...by, act: 'sectors.carried', target: sector, details }, at);
  });
}

async function hold(...step: Parameters<typeof advanceRun>): Promise<void> {
  if (!(await advanceRun(...step))) throw takenOver();
}
