import { randomBytes } from 'node:crypto';
import { setImmediate as turnOfOthers } from 'node:timers/promises';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { inTransaction } from '../database/connection.ts';
import type { Transaction } from '../database/connection.ts';
import { holdLink, holdLinksInto } from '../database/sector-links.ts';
import { importBatch, prepareBatch, sealBatch } from '../subjects/import.ts';
import type {
  BatchOutcome,
  ImportRow,
  ImportSettings,
  Made,
  PreparedBatch,
  RowProblem,
} from '../subjects/import.ts';
import { PseudonymTaken } from '../subjects/store.ts';
import { ConflictError } from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';

/** Which users of which sector are imported, and how. */
export interface ImportRequest extends Omit<ImportSettings, 'at'> {
  /** Rows in the order of the file, and what is wrong with lines that are none. */
  readonly rows: AsyncIterable<ImportRow | RowProblem>;
  /** The pseudonym of a row that brings none. */
  readonly derive: (localSubject: string) => Made;
  /** Looks at everything and writes nothing. */
  readonly dryRun: boolean;
  /** Told after each batch. */
  readonly onProgress?: ((report: ImportReport) => void) | undefined;
}

/** What has become of a file so far. */
export interface ImportReport extends BatchOutcome {
  /** Names the import in the audit log. */
  readonly id: string;
  /** Up to this line everything is imported, or needs nothing. */
  readonly lastLine: number;
  /** False: it ended at a batch with problems; what comes behind was not looked at. */
  readonly complete: boolean;
}

/** Users of one transaction. */
const BATCH = 1000;
/** Problems that a dry run collects. */
const MOST_PROBLEMS = 100;
/** Each is lost to a user of the batch who logged in between its reading and its writing. */
const ATTEMPTS = 50;

/**
 * Imports users in batches, each one transaction. It ends at the first batch
 * with a problem, of which nothing is written. Killed at any moment, it is
 * completed by importing the same file again: what stands is left as it is.
 *
 * @throws Refusal `database_unavailable`
 */
export async function importSubjects(
  context: OperationContext,
  request: ImportRequest,
  by: By,
): Promise<ImportReport> {
  const { dryRun, onProgress } = request;
  const settings: ImportSettings = { ...request, at: context.clock() };
  let report: ImportReport = {
    ...{ id: randomBytes(6).toString('hex'), lastLine: 0, complete: true },
    ...{ created: 0, present: 0, erased: 0, problems: [] },
  };
  const conclude = (outcome: BatchOutcome, lastLine: number): void => {
    const problems = [...report.problems, ...outcome.problems].slice(0, MOST_PROBLEMS);
    report = {
      ...report,
      created: report.created + outcome.created,
      present: report.present + outcome.present,
      erased: report.erased + outcome.erased,
      problems,
      lastLine: problems.length === 0 ? lastLine : report.lastLine,
      complete: problems.length === 0,
    };
    onProgress?.(report);
  };
  // While the database writes one batch, the next one is read, derived, indexed and sealed.
  let writing: Promise<void> | undefined;
  try {
    for await (const { rows, problems, lastLine } of batchesOf(request.rows)) {
      await turnOfOthers();
      const prepared = prepareBatch(importerOf(context), settings, rows, request.derive);
      const batch = { ...prepared, problems: [...problems, ...prepared.problems] };
      if (!dryRun) {
        for (const _part of sealBatch(importerOf(context), settings, batch)) await turnOfOthers();
      }
      await writing;
      writing = undefined;
      const { length: found } = report.problems;
      if (found >= MOST_PROBLEMS || (found > 0 && !dryRun)) break;
      const { id } = report;
      writing = writeBatch(context, settings, batch, { id, lastLine, dryRun, by }).then((outcome) =>
        conclude(outcome, lastLine),
      );
      // It is awaited above; a failure before that must not count as unhandled.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
  return report;
}

function importerOf({ atRest, keyring }: OperationContext) {
  return { atRest, indexRoot: keyring.index, tombstoneRoot: keyring.tombstone };
}

interface Writing {
  readonly id: string;
  readonly lastLine: number;
  readonly dryRun: boolean;
  readonly by: By;
}

async function writeBatch(
  context: OperationContext,
  settings: ImportSettings,
  batch: PreparedBatch,
  { id, lastLine, dryRun, by }: Writing,
): Promise<BatchOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const written = await inTransaction(context.db, async (trx) => {
        const importer = importerOf(context);
        const outcome = await importBatch(trx, importer, settings, batch, !dryRun);
        await mustNotBeLinked(trx, settings.sector);
        const { created, present, erased } = outcome;
        if (dryRun || created + (settings.given ? present : 0) === 0) return outcome;
        const { given, at } = settings;
        const details = { import: id, created, present, erased, given, last_line: lastLine };
        const entry = {
          ...by,
          act: 'subjects.imported',
          target: settings.sector,
          details,
        } as const;
        await appendAudit(trx, entry, at);
        return outcome;
      });
      const { sector } = settings;
      if (!dryRun) context.pseudonymsMade?.({ sector, origin: 'import', count: written.created });
      return written;
    } catch (error) {
      // A user of the batch logged in at this moment.
      if (!(error instanceof PseudonymTaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * What is imported was compared with one sector only. Asked behind the writing, so that of a
 * batch and a link that are begun at once one sees the other.
 */
async function mustNotBeLinked(trx: Transaction, sector: string): Promise<void> {
  const links = [await holdLink(trx, sector), ...(await holdLinksInto(trx, sector))];
  const link = links.find((each) => each !== undefined);
  if (link === undefined) return;
  throw new ConflictError(
    `The sector "${link.sector}" is linked into "${link.into}": import users before that, or unlink it first.`,
  );
}

interface Batch {
  readonly rows: readonly ImportRow[];
  readonly problems: readonly RowProblem[];
  readonly lastLine: number;
}

async function* batchesOf(source: AsyncIterable<ImportRow | RowProblem>): AsyncGenerator<Batch> {
  let rows: ImportRow[] = [];
  let problems: RowProblem[] = [];
  let lastLine = 0;
  for await (const item of source) {
    lastLine = item.line;
    if ('wrong' in item) problems.push(item);
    else rows.push(item);
    if (rows.length + problems.length < BATCH) continue;
    yield { rows, problems, lastLine };
    rows = [];
    problems = [];
  }
  if (rows.length + problems.length > 0) yield { rows, problems, lastLine };
}
