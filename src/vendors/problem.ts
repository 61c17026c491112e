/** Where in a document something stands: member names and positions. */
export type Path = readonly (string | number)[];

/** One mistake in an entry: where it stands, what is wrong, and what would be right. */
export interface Problem {
  readonly path: Path;
  readonly wrong: string;
  readonly right: string;
  /** The line in the document, from 1, where there is a document. */
  readonly line?: number;
}

/** Entries that cannot be registered; holds every problem, not the first alone. */
export class RegistrationError extends Error {
  override readonly name = 'RegistrationError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
  }
}

/** Somebody else changed the same thing first; nothing was written. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** A change was based on a state that is not the present one; nothing was written. */
export class StaleError extends ConflictError {}

/** Something named does not exist. */
export class UnknownError extends Error {
  override readonly name = 'UnknownError';
}

/** A path as people read it: `vendors[0].clients[1].redirect_uris[0]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** One problem in one line. */
export function describeProblem({ path, wrong, right, line }: Problem): string {
  const place = [line === undefined ? '' : `line ${line}`, pathText(path)].filter(Boolean);
  return `${[place.join(', '), wrong].filter(Boolean).join(': ')}; ${right}`;
}

/** The known name that is nearest to a mistyped one, if any is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [position, letter] of a.split('').entries()) {
    const next = [position + 1];
    for (const [column, other] of b.split('').entries()) {
      const substituted = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substituted, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
