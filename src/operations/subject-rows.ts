import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';

import { CsvError, parse } from 'csv-parse';

import type { ImportRow, RowProblem } from '../subjects/import.ts';

/** How users stand in a file: a table with a header line, or one JSON object a line. */
export type SubjectFormat = 'csv' | 'ndjson';

/** Bytes of the longest line; two subjects of 255 bytes fit many times, however they are escaped. */
const LONGEST_LINE = 16 * 1024;

/** What stands on a line, and how that is said: the names of the columns and members. */
interface LineKind {
  readonly first: string;
  /** Whether there is one on every line is for the caller to see. */
  readonly second: string;
  readonly header: string;
  readonly members: string;
}

const USER: LineKind = {
  ...{ first: 'local_subject', second: 'sub' },
  header: 'local_subject, or local_subject,sub',
  members: 'local_subject and, where there is one, sub',
};

const LINK: LineKind = {
  ...{ first: 'old_local_subject', second: 'new_local_subject' },
  header: 'old_local_subject,new_local_subject',
  members: 'old_local_subject and new_local_subject',
};

interface Pair {
  readonly line: number;
  readonly first: string;
  readonly second?: string;
}

/** A user whom the provider calls otherwise. */
export interface LinkRow {
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/**
 * The users of a file as it is read, and a problem for each line that is none.
 * Nothing but the line at hand is kept.
 */
export async function* subjectRows(
  source: AsyncIterable<Uint8Array>,
  format: SubjectFormat,
): AsyncGenerator<ImportRow | RowProblem> {
  for await (const row of pairs(source, format, USER)) {
    if ('wrong' in row) yield row;
    else {
      const { line, first: localSubject, second: sub } = row;
      yield { line, localSubject, ...(sub !== undefined && { sub }) };
    }
  }
}

/** As {@link subjectRows}: the old names of users with the new ones. */
export async function* linkRows(
  source: AsyncIterable<Uint8Array>,
  format: SubjectFormat,
): AsyncGenerator<LinkRow | RowProblem> {
  for await (const row of pairs(source, format, LINK)) {
    if ('wrong' in row) yield row;
    else if (row.second === undefined) {
      yield { line: row.line, wrong: 'new_local_subject is missing' };
    } else yield { line: row.line, from: row.first, to: row.second };
  }
}

function pairs(
  source: AsyncIterable<Uint8Array>,
  format: SubjectFormat,
  kind: LineKind,
): AsyncGenerator<Pair | RowProblem> {
  return format === 'csv' ? csvRows(source, kind) : ndjsonRows(source, kind);
}

interface CsvRecord {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

async function* csvRows(
  source: AsyncIterable<Uint8Array>,
  kind: LineKind,
): AsyncGenerator<Pair | RowProblem> {
  let header = '';
  const parser = parse({
    bom: true,
    columns: (names: string[]) => {
      header = headerProblem(names, kind) ?? '';
      return names;
    },
    info: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE,
  });
  // One piece ahead: what waits for the parser is kept, and so is what waits behind it.
  const input = Readable.from(wholeLines(inPieces(source)), { highWaterMark: 1 });
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let line = 1;
  try {
    for await (const item of parser) {
      if (header !== '') break;
      const { record, info } = item as CsvRecord;
      line = info.lines;
      const { [kind.first]: first = '', [kind.second]: second = '' } = record;
      // An empty cell is how CSV says that there is nothing.
      yield { line, first, ...(second === '' ? {} : { second }) };
    }
    if (header !== '') yield { line: 1, wrong: header };
  } catch (error) {
    if (error instanceof CsvError) yield { line: lineOf(error, line), wrong: csvProblem(error) };
    else if (error instanceof BadLine) yield { line: error.line, wrong: error.message };
    else throw error;
  } finally {
    input.destroy();
    parser.destroy();
  }
}

function headerProblem(names: readonly string[], kind: LineKind): string | undefined {
  const stranger = names.findIndex((name) => name !== kind.first && name !== kind.second);
  if (names.includes(kind.first) && stranger === -1 && new Set(names).size === names.length) {
    return undefined;
  }
  return `the first line must name the columns: ${kind.header}`;
}

/** The line of an error of the parser; its message would quote the file. */
function lineOf(error: CsvError, before: number): number {
  const lines: unknown = error['lines'];
  return typeof lines === 'number' ? lines : before + 1;
}

function csvProblem({ code }: CsvError): string {
  if (code.startsWith('CSV_RECORD_INCONSISTENT')) return 'has another number of columns';
  if (code === 'CSV_MAX_RECORD_SIZE') return TOO_LONG;
  return 'is not CSV (RFC 4180): look at its quotes';
}

async function* ndjsonRows(
  source: AsyncIterable<Uint8Array>,
  kind: LineKind,
): AsyncGenerator<Pair | RowProblem> {
  let line = 0;
  try {
    for await (const lines of wholeLines(source)) {
      for (const each of lines.replace(/\n$/, '').split('\n')) {
        line += 1;
        const row = pairIn(each, line, kind);
        if (row !== undefined) yield row;
      }
    }
  } catch (error) {
    if (!(error instanceof BadLine)) throw error;
    yield { line: error.line, wrong: error.message };
  }
}

const TOO_LONG = `is longer than ${LONGEST_LINE} characters`;
const NOT_UTF8 = 'is not UTF-8';

function pairIn(text: string, line: number, kind: LineKind): Pair | RowProblem | undefined {
  const notAnObject = { line, wrong: `is not a JSON object with the texts ${kind.members}` };
  if (text.trim() === '') return undefined;
  if (text.length > LONGEST_LINE) return { line, wrong: TOO_LONG };
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return notAnObject;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return notAnObject;
  }
  const {
    [kind.first]: first,
    [kind.second]: second = null,
    ...strangers
  } = value as Record<string, unknown>;
  const isKnown = Object.keys(strangers).length === 0;
  if (!isKnown || typeof first !== 'string') return notAnObject;
  if (second === null) return { line, first };
  return typeof second === 'string' ? { line, first, second } : notAnObject;
}

/** A line that nothing behind it can be read after. */
class BadLine extends Error {
  override readonly name = 'BadLine';
  readonly line: number;

  constructor(line: number, wrong: string) {
    super(wrong);
    this.line = line;
  }
}

const LINE_FEED = 0x0a;
/** Bytes that are parsed at once, some hundred lines; a file is read in larger ones. */
const PIECE = 8 * 1024;

async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; from += PIECE) yield chunk.subarray(from, from + PIECE);
  }
}

/**
 * Whole lines as text. A decoder that replaced what is not UTF-8 would make one
 * subject of two.
 */
async function* wholeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let before = 0;
  let rest: Uint8Array = Buffer.alloc(0);
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    const lines = Buffer.concat([rest, chunk.subarray(0, end)]);
    if (end === 0) {
      rest = Buffer.concat([rest, chunk]);
    } else {
      rest = Buffer.from(chunk.subarray(end));
      if (!isUtf8(lines)) throw new BadLine(before + badLineIn(lines), NOT_UTF8);
      yield lines.toString('utf8');
      before += linesIn(lines);
    }
    if (rest.length > LONGEST_LINE) throw new BadLine(before + 1, TOO_LONG);
  }
  if (!isUtf8(rest)) throw new BadLine(before + 1, NOT_UTF8);
  if (rest.length > 0) yield Buffer.from(rest).toString('utf8');
}

function linesIn(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(LINE_FEED); at !== -1; at = lines.indexOf(LINE_FEED, at + 1)) {
    count += 1;
  }
  return count;
}

function badLineIn(lines: Buffer): number {
  let line = 1;
  for (let from = 0; from < lines.length; line += 1) {
    const end = lines.indexOf(LINE_FEED, from);
    const until = end === -1 ? lines.length : end + 1;
    if (!isUtf8(lines.subarray(from, until))) break;
    from = until;
  }
  return line;
}
