import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const NOT_OURS = new Set(['node_modules', 'dist', '.git', 'coverage', 'data']);

/** A file of the checkout as text; the path is relative to its root. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every Markdown document of the checkout, by its path relative to the root. */
export function documents(): readonly string[] {
  return markdownIn('');
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The part of a document between the comments `<!-- name: … -->` and `<!-- /name -->`. */
export function marked(document: string, name: string): string {
  const part = new RegExp(`<!-- ${name}\\b[^]*?-->([^]*?)<!-- /${name} -->`).exec(document)?.[1];
  if (part === undefined) throw new Error(`there is no part "${name}"`);
  return part;
}

/** The cells of each row of the tables in a text, without their heads. */
export function rowsOf(text: string): readonly (readonly string[])[] {
  const rows = text.split('\n').map((line) => line.trim());
  return rows.flatMap((row, at) => {
    const isHead = /^\|[\s:|-]+\|$/.test(rows[at + 1] ?? '');
    if (!row.startsWith('|') || isHead || /^\|[\s:|-]+\|$/.test(row)) return [];
    return [
      row
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    ];
  });
}

/** What stands between backticks. */
export function quoted(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}
