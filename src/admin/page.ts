import { AdminProblem } from './problems.ts';

interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A page of items that stand in the order of their keys (by bytes). */
export function pageAfter<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, cursor }: PageRequest,
): { readonly items: readonly T[]; readonly next: string | null } {
  const after = cursor === undefined ? undefined : Buffer.from(keyIn(cursor));
  const rest =
    after === undefined
      ? items
      : items.filter((item) => Buffer.compare(Buffer.from(keyOf(item)), after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page,
    next: rest.length > limit && last !== undefined ? cursorOf(keyOf(last)) : null,
  };
}

/** Where a list goes on, as it is shown: what it holds is no promise. */
export function cursorOf(key: string): string {
  return Buffer.from(`1:${key}`).toString('base64url');
}

/** @throws AdminProblem `request_invalid` for a cursor that no page ended with */
export function keyIn(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (text.startsWith('1:') && cursorOf(text.slice(2)) === cursor) return text.slice(2);
  const right = 'give the `next` of a page of this list, or leave it out';
  throw new AdminProblem('request_invalid', 'The cursor is not one of this list.', {
    hint: 'Begin the list anew.',
    mistakes: [{ at: 'cursor', wrong: 'is no cursor', right }],
  });
}

/** Items in the order of their keys. */
export function byKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b))));
}
