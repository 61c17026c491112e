import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import type { RowProblem } from '../subjects/import.ts';
import { checkLocalSubject } from '../subjects/local-subject.ts';
import { sectorsInUse } from '../subjects/sectors.ts';
import { endSessionsIn } from '../vendors/client-store.ts';
import { RegistrationError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';
import { linkBatch, moveAllHandles } from './link-batch.ts';
import type { LinkSettings } from './link-batch.ts';
import { LINK_PROBLEMS, retried } from './link-subject.ts';
import { requireGrace } from './rotation-request.ts';
import type { LinkRow } from './subject-rows.ts';

/** Users whom the provider, or the one that takes its place, calls otherwise. */
export interface LinkSubjects extends LinkSettings {
  /** Rows in the order of the file, and what is wrong with lines that are none. */
  readonly rows: AsyncIterable<LinkRow | RowProblem>;
  /** Whether all tokens end when the file is done. */
  readonly endSessions: boolean;
  /** Looks at everything and writes nothing. */
  readonly dryRun: boolean;
  /** Told after each batch. */
  readonly onProgress?: ((report: LinkReport) => void) | undefined;
}

/** What has become of a file so far. */
export interface LinkReport {
  /** Names the run in the audit log. */
  readonly id: string;
  readonly linked: number;
  /** Were linked before, as by an earlier run of the same file. */
  readonly present: number;
  /** Pseudonyms that were kept, counted by user and sector. */
  readonly kept: number;
  /** Of those: the user had another one under the new name. */
  readonly merged: number;
  /** Up to this line everything is linked. */
  readonly lastLine: number;
  /** False: it ended at a batch with problems; what comes behind was not looked at. */
  readonly complete: boolean;
  readonly problems: readonly RowProblem[];
}

/** Users of one transaction. */
const BATCH = 250;
/** Problems that a dry run collects. */
const MOST_PROBLEMS = 100;

/**
 * Links the users of a file, in batches, each one transaction over all sectors. It
 * ends at the first batch with a problem, of which nothing is written. Killed at any
 * moment, it is completed by the same file: whoever is linked already is left alone.
 *
 * @throws RegistrationError, ConflictError, Refusal `database_unavailable`
 */
export async function linkSubjects(
  context: OperationContext,
  request: LinkSubjects,
  by: By,
): Promise<LinkReport> {
  requireGrace(request.graceDays);
  // Without it nothing would tell a chain of names from two renamings.
  if (request.graceDays === 0) {
    const right = 'give at least 1 day for a file';
    throw new RegistrationError([{ path: ['grace'], wrong: 'it is 0', right }]);
  }
  let report: LinkReport = {
    ...{ id: randomBytes(6).toString('hex'), linked: 0, present: 0, kept: 0, merged: 0 },
    ...{ lastLine: 0, complete: true, problems: [] },
  };
  for await (const batch of batchesOf(request.rows)) {
    const outcome = await linkOne(context, request, batch, { id: report.id, by });
    const problems = [...report.problems, ...outcome.problems].slice(0, MOST_PROBLEMS);
    const complete = problems.length === 0;
    report = {
      ...{ id: report.id, problems, complete },
      linked: report.linked + outcome.linked,
      present: report.present + outcome.present,
      kept: report.kept + outcome.moved,
      merged: report.merged + outcome.merged,
      lastLine: complete ? batch.lastLine : report.lastLine,
    };
    request.onProgress?.(report);
    if (problems.length >= MOST_PROBLEMS || (!complete && !request.dryRun)) break;
  }
  if (request.endSessions && report.complete && !request.dryRun) await endSessions(context, by);
  return report;
}

interface Outcome {
  readonly linked: number;
  readonly present: number;
  readonly moved: number;
  readonly merged: number;
  readonly problems: readonly RowProblem[];
}

/** Ends a transaction of which nothing may stay. */
class Undone extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super('nothing of this batch stays');
    this.outcome = outcome;
  }
}

async function linkOne(
  context: OperationContext,
  request: LinkSubjects,
  { rows, problems: unreadable, lastLine }: Batch,
  { id, by }: { id: string; by: By },
): Promise<Outcome> {
  const nothing = { linked: 0, present: 0, moved: 0, merged: 0 };
  const problems = [...unreadable, ...problemsAmong(rows)].toSorted((a, b) => a.line - b.line);
  if (problems.length > 0) return { ...nothing, problems };
  const lines = new Map(rows.map((row) => [row.from, row]));
  const renamings = [...lines.values()];
  try {
    return await retried(() =>
      inTransaction(context.db, async (trx) => {
        const done = await linkBatch(trx, context, renamings, request, false);
        const { linked, present, moved, merged } = done;
        const wrong = [...done.problems].map(([{ from }, problem]) => ({
          line: lines.get(from)?.line ?? 0,
          wrong: `the user ${LINK_PROBLEMS[problem]}`,
        }));
        if (wrong.length > 0) throw new Undone({ ...nothing, problems: wrong });
        const outcome = { linked, present, moved, merged, problems: [] };
        if (request.dryRun) throw new Undone(outcome);
        if (linked === 0) return outcome;
        await moveAllHandles(trx, done);
        const { graceDays: days } = request;
        const counts = { linked, present, pseudonyms: moved, merged };
        const details = { run: id, ...counts, grace_days: days, last_line: lastLine };
        const entry = { ...by, act: 'subjects.linked', target: id, details } as const;
        await appendAudit(trx, entry, context.clock());
        return outcome;
      }),
    );
  } catch (error) {
    if (error instanceof Undone) return error.outcome;
    throw error;
  }
}

/** What can be seen without the database. */
function* problemsAmong(rows: readonly LinkRow[]): Generator<RowProblem> {
  const olds = new Map<string, LinkRow>();
  const news = new Map<string, LinkRow>();
  for (const row of rows) {
    const { line, from, to } = row;
    const earlier = olds.get(from);
    const other = news.get(to);
    if (!checkLocalSubject(from).ok || !checkLocalSubject(to).ok) {
      yield { line, wrong: 'a name is not text of 1 to 255 bytes' };
    } else if (from === to) yield { line, wrong: 'both names are the same' };
    else if (earlier !== undefined && earlier.to !== to) {
      yield { line, wrong: `the old name stands with another new one in line ${earlier.line}` };
    } else if (other !== undefined && other.from !== from) {
      yield { line, wrong: `the new name stands with another old one in line ${other.line}` };
    }
    olds.set(from, row);
    news.set(to, row);
  }
  for (const { line, from } of rows) {
    const other = news.get(from);
    if (other === undefined || other.line === line) continue;
    yield { line, wrong: `the old name is the new one of line ${other.line}` };
  }
}

async function endSessions({ db, clock }: OperationContext, by: By): Promise<void> {
  const at = clock();
  const sectors = await sectorsInUse(db);
  await inTransaction(db, async (trx) => {
    for (const sector of sectors) await endSessionsIn(trx, sector, at);
    const details = { sectors: sectors.length };
    await appendAudit(trx, { ...by, act: 'sessions.ended', target: 'all', details }, at);
  });
}

interface Batch {
  readonly rows: readonly LinkRow[];
  readonly problems: readonly RowProblem[];
  readonly lastLine: number;
}

async function* batchesOf(source: AsyncIterable<LinkRow | RowProblem>): AsyncGenerator<Batch> {
  let [rows, problems, lastLine]: [LinkRow[], RowProblem[], number] = [[], [], 0];
  for await (const item of source) {
    lastLine = item.line;
    if ('wrong' in item) problems.push(item);
    else rows.push(item);
    if (rows.length + problems.length < BATCH) continue;
    yield { rows, problems, lastLine };
    [rows, problems] = [[], []];
  }
  if (rows.length + problems.length > 0) yield { rows, problems, lastLine };
}
