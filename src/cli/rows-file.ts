import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { SubjectFormat } from '../operations/subject-rows.ts';
import type { CliContext } from './context.ts';
import { CommandError, EXIT } from './failure.ts';

/** The format that the name of a file tells. */
export function formatOf(file: string): SubjectFormat {
  if (file.endsWith('.csv')) return 'csv';
  if (/\.(ndjson|jsonl)$/.test(file)) return 'ndjson';
  throw usage('The format of the file is not known.', 'Pass --format csv or --format ndjson.');
}

/** A file of rows as a stream, or stdin by the name `-`, whose length nobody knows. */
export async function openRows(
  { stdin }: CliContext,
  file: string,
): Promise<{ source: AsyncIterable<Uint8Array>; total: number | undefined }> {
  if (file === '-') return { source: stdin, total: undefined };
  try {
    const { size } = await stat(file);
    return { source: createReadStream(file), total: size };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A stream that says how many bytes of it were read. */
export function counted(source: AsyncIterable<Uint8Array>): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly read: () => number;
} {
  let read = 0;
  const counting = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      read += chunk.length;
      yield chunk;
    }
  };
  return { source: counting(), read: () => read };
}

/** A file that cannot be read, in words for the operator. */
export function unreadable(file: string, error: unknown): CommandError {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return usage(
    `The file ${file} cannot be read${code}.`,
    'Name a file that can be, or - for stdin.',
  );
}

function usage(message: string, hint: string): CommandError {
  return new CommandError({ code: 'usage', message, hint, exit: EXIT.usage });
}
