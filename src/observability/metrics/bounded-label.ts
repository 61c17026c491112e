/** Clients or sectors that are told apart; more would cost whoever stores the metrics. */
const MOST_VALUES = 1000;

/**
 * The values of a label that vendors have a say in: the first so many are told apart, the
 * others are `other`, for as long as the process runs.
 */
export class BoundedLabel {
  readonly #known = new Set<string>();
  readonly #most: number;

  constructor(most: number = MOST_VALUES) {
    this.#most = most;
  }

  /** The value as the label shows it. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#most) return 'other';
    this.#known.add(value);
    return value;
  }
}
