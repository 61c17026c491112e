import type { Writable } from 'node:stream';
import Table from 'cli-table3';
import type { Told } from './failure.ts';

/** What commands print: one JSON object for programs, or text for people. */
export class Output {
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #json: boolean;

  constructor(streams: { stdout: Writable; stderr: Writable }, json: boolean) {
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#json = json;
  }

  /** One result. `text` says the same for people. */
  result(value: Readonly<Record<string, unknown>>, text: string): void {
    this.#stdout.write(this.#json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** One thing with its members, a line for each where people read. */
  record(value: Readonly<Record<string, unknown>>): void {
    this.result(value, recordText(value));
  }

  /**
   * A list: `{"items":[…],"next":…}`, or a table with the named columns. `next` is
   * what `--cursor` goes on with; `null` where the list is complete.
   */
  list(
    items: readonly Readonly<Record<string, unknown>>[],
    columns: readonly string[],
    next: string | null = null,
  ): void {
    if (this.#json) {
      this.#stdout.write(`${JSON.stringify({ items, next })}\n`);
      return;
    }
    if (items.length === 0) {
      this.#stdout.write('none\n');
      return;
    }
    const table = new Table({ head: [...columns], style: { head: [], border: [] } });
    for (const item of items) table.push(columns.map((column) => cell(item[column])));
    this.#stdout.write(`${table.toString()}\n`);
    if (next !== null) this.#stdout.write(`more with --cursor ${next}\n`);
  }

  /** An error: `{"error":{…}}` on stdout, or text on stderr. */
  error({ code, message, hint }: Told): void {
    if (this.#json) this.#stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
    else this.#stderr.write(`${message}\n${hint}\n`);
  }
}

/** One thing with its members, a line for each. */
export function recordText(value: Readonly<Record<string, unknown>>): string {
  const width = Math.max(...Object.keys(value).map((name) => name.length));
  const lines = Object.entries(value).map(([name, each]) => {
    const text = cell(each).replaceAll('\n', `\n${' '.repeat(width + 2)}`);
    return `${name.padEnd(width)}  ${text}`.trimEnd();
  });
  return lines.join('\n');
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(cell).join('\n');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
