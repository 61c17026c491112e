/** Names of dimensions with their values. */
export type Dimensions = Readonly<Record<string, readonly string[]>>;

/** One value of each dimension. */
export type Combination<D extends Dimensions> = { readonly [Name in keyof D]: D[Name][number] };

type IsPossible<D extends Dimensions> = (part: Partial<Combination<D>>) => boolean;

/** Every possible combination. */
export function product<D extends Dimensions>(
  dimensions: D,
  isPossible: IsPossible<D>,
): Combination<D>[] {
  let rows: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(dimensions)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  }
  return (rows as Combination<D>[]).filter(isPossible);
}

/**
 * A covering array of strength 2: every possible pair of values of two
 * dimensions stands in some row. Greedy, and the same on every run.
 */
export function pairwise<D extends Dimensions>(
  dimensions: D,
  isPossible: IsPossible<D>,
): Combination<D>[] {
  const open = new Map(pairsOf(dimensions, isPossible).map((pair) => [keyOf(pair), pair]));
  const rows: Combination<D>[] = [];
  for (let [first] = open.values(); first !== undefined; [first] = open.values()) {
    let row: Record<string, string> = { ...first };
    for (const [name, values] of Object.entries(dimensions)) {
      if (name in row) continue;
      const possible = values
        .map((value) => ({ ...row, [name]: value }))
        .filter((candidate) => isPossible(candidate as Partial<Combination<D>>));
      row = possible.reduce((best, candidate) =>
        newIn(candidate, open) > newIn(best, open) ? candidate : best,
      );
    }
    for (const pair of pairsIn(row)) open.delete(keyOf(pair));
    rows.push(row as Combination<D>);
  }
  return rows;
}

/** The possible pairs of values. */
export function pairsOf<D extends Dimensions>(
  dimensions: D,
  isPossible: IsPossible<D>,
): Record<string, string>[] {
  const names = Object.keys(dimensions);
  return names.flatMap((a, at) =>
    names
      .slice(at + 1)
      .flatMap((b) =>
        (dimensions[a] ?? []).flatMap((x) =>
          (dimensions[b] ?? [])
            .map((y) => ({ [a]: x, [b]: y }))
            .filter((pair) => isPossible(pair as Partial<Combination<D>>)),
        ),
      ),
  );
}

/** The pairs of values that stand in a row. */
export function pairsIn(row: Readonly<Record<string, string>>): Record<string, string>[] {
  const entries = Object.entries(row);
  return entries.flatMap(([a, x], at) =>
    entries.slice(at + 1).map(([b, y]) => ({ [a]: x, [b]: y })),
  );
}

/** The same for a pair in either order. */
export function keyOf(pair: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(pair).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function newIn(row: Readonly<Record<string, string>>, open: ReadonlyMap<string, unknown>): number {
  return pairsIn(row).filter((pair) => open.has(keyOf(pair))).length;
}
