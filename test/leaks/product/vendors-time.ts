const MINUTE = 60_000;

/**
 * The proxy's clock, which stands still for up to a minute at a second of the
 * minute that belongs to the vendor whose turn it is. So whatever the two are told
 * of our time differs, at any speed, lifetimes of whole minutes added.
 */
export class VendorsTime {
  #second = 0;

  turnOf(id: string): void {
    this.#second = id === 'acme' ? 0 : 7;
  }

  /** Ahead of the real time by a minute or two, so that nothing of the upstream's equals it. */
  readonly now = (): Date => {
    const passed = Date.now() - this.#second * 1000;
    return new Date((Math.floor(passed / MINUTE) + 1) * MINUTE + this.#second * 1000);
  };
}
