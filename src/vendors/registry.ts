import type { AtRest } from '../database/at-rest.ts';
import type { ChangeKind } from '../database/changes.ts';
import { isUnavailable, orUnavailable, type Connection } from '../database/connection.ts';
import { markOf } from '../database/subject-marks.ts';
import { Refusal } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Client, Vendor } from './client.ts';
import { RedirectTargets } from './redirect-targets.ts';
import {
  advance,
  ALL_KINDS,
  readSnapshot,
  type Advance,
  type Snapshot,
  type Source,
} from './snapshot.ts';

export interface RegistryOptions {
  readonly db: Connection;
  readonly atRest: AtRest;
  readonly clock: () => Date;
  /** How long the last known registry is served while the database is away. */
  readonly maxStalenessSeconds: number;
  /** Between two looks at the change log; default 1000. */
  readonly pollMilliseconds?: number;
  readonly log: Logger;
  /** Called after changes have been applied, with their kinds. */
  readonly onChange?: (kinds: ReadonlySet<ChangeKind>) => void;
}

/** Revoked grants and marks are only ever added by the change log; this often, expired ones are let go. */
const REREAD_MILLISECONDS = 60 * 60 * 1000;
const EMPTY: Snapshot = {
  clients: new Map(),
  vendors: new Map(),
  revoked: new Set(),
  marks: new Map(),
  targets: new RedirectTargets([]),
  change: 0,
};

/**
 * All vendors, clients, phases, revoked grants and marks of users in memory, kept
 * fresh from the change log. When the log has not been seen for longer than the allowed
 * staleness, every question is refused (`configuration_stale`): an old answer
 * might release what is no longer to be released.
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #source: Source;
  #snapshot: Snapshot | undefined;
  #seenAt: number | undefined;
  #readAt = 0;
  #databaseUp = true;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();

  private constructor(options: RegistryOptions) {
    this.#options = options;
    const { db, atRest, clock, log } = options;
    const onUnreadable = (clientId: string, error: unknown): void => {
      log.error({ clientId, err: error }, 'client cannot be read and is not served');
    };
    this.#source = { db, atRest, clock, onUnreadable };
  }

  /**
   * Reads the registry and begins to follow the change log. Where the database
   * is away it opens all the same, refuses, and recovers by itself; any other
   * failure (no schema) is thrown.
   */
  static async open(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    try {
      await registry.refresh();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
    registry.#schedule();
    return registry;
  }

  /** The client of that id. Throws `Refusal('configuration_stale')` when the registry is too old. */
  find(clientId: string): Client | undefined {
    return this.#fresh().clients.get(clientId);
  }

  /** The vendor of that id; refuses as {@link find} does. */
  vendor(id: string): Vendor | undefined {
    return this.#fresh().vendors.get(id);
  }

  /** Every vendor; refuses as {@link find} does. */
  vendors(): readonly Vendor[] {
    return [...this.#fresh().vendors.values()];
  }

  /** Every client; refuses as {@link find} does. */
  clients(): readonly Client[] {
    return [...this.#fresh().clients.values()];
  }

  /**
   * Whether some client registered this address as a redirect URI; parameters
   * beyond the registered ones and a fragment do not count. Refuses as {@link find} does.
   */
  isRedirectTarget(url: URL): boolean {
    return this.#fresh().targets.has(url);
  }

  /**
   * Whether some client registered a redirect URI of this origin. Answers from
   * what was last known, so that a browser can read the refusal itself.
   */
  isRedirectOrigin(origin: string): boolean {
    return (this.#snapshot ?? EMPTY).targets.hasOrigin(origin);
  }

  /** Whether a grant has been revoked; refuses as {@link find} does. */
  isRevoked(grantId: string): boolean {
    return this.#fresh().revoked.has(grantId);
  }

  /**
   * Whether what was settled for a user at a position of the change log was ended
   * since: the user was erased, or disconnected from the sector. Refuses as
   * {@link find} does.
   *
   * @param userIndex the user's blind index, which is another in every sector
   */
  isEnded(userIndex: Uint8Array, change: number): boolean {
    const { marks } = this.#fresh();
    if (marks.size === 0) return false;
    const notBefore = marks.get(markOf(this.#options.atRest, userIndex));
    return notBefore !== undefined && change < notBefore;
  }

  /** Refuses as {@link find} does; for answers that change with the database but ask nothing here. */
  requireFresh(): void {
    this.#fresh();
  }

  /** The change-log position that has been applied. */
  get change(): number {
    return (this.#snapshot ?? EMPTY).change;
  }

  /** Milliseconds since the change log was last read; undefined: it never was. */
  get age(): number | undefined {
    return this.#seenAt === undefined ? undefined : this.#options.clock().getTime() - this.#seenAt;
  }

  /** Whether the last look at the change log succeeded. */
  get databaseUp(): boolean {
    return this.#databaseUp;
  }

  /**
   * Applies every change made so far before it resolves. Throws
   * `Refusal('database_unavailable')` where the database is away.
   */
  async refresh(): Promise<void> {
    // One look after another: the one under way may have begun before the change was made.
    const look = this.#polling.then(() => this.#look());
    this.#polling = look.catch(() => undefined);
    await look;
  }

  /** Stops following the change log; resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  #fresh(): Snapshot {
    const now = this.#options.clock().getTime();
    const limit = this.#options.maxStalenessSeconds * 1000;
    if (this.#snapshot === undefined || this.#seenAt === undefined) {
      throw new Refusal('configuration_stale', 'the registry has not been read yet');
    }
    if (now - this.#seenAt > limit) {
      const seconds = Math.round((now - this.#seenAt) / 1000);
      throw new Refusal('configuration_stale', `the change log was last seen ${seconds} s ago`);
    }
    return this.#snapshot;
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#poll(), this.#options.pollMilliseconds ?? 1000);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh();
    } catch {
      // Told once, where the outage was noticed.
    }
    this.#schedule();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const startedAt = this.#options.clock().getTime();
    let advanced: Advance | undefined;
    try {
      advanced = await orUnavailable(() => this.#read(startedAt));
    } catch (error) {
      this.#noteOutage(error);
      throw error;
    }
    this.#snapshot = advanced.snapshot;
    this.#seenAt = startedAt;
    this.#noteRecovery();
    if (advanced.kinds.size > 0) this.#tell(advanced.kinds);
  }

  async #read(now: number): Promise<Advance> {
    const { revoked, marks } = this.#snapshot ?? EMPTY;
    const due = now - this.#readAt >= REREAD_MILLISECONDS && revoked.size + marks.size > 0;
    if (this.#snapshot !== undefined && !due) return advance(this.#source, this.#snapshot);
    const before = this.#snapshot;
    const read = await readSnapshot(this.#source);
    // What changed while it was read, and while the database was away before the first reading.
    const advanced = await advance(this.#source, read);
    this.#readAt = now;
    if (before === undefined) return { ...advanced, kinds: ALL_KINDS };
    return before.change === advanced.snapshot.change
      ? advanced
      : { ...advanced, kinds: ALL_KINDS };
  }

  #tell(kinds: ReadonlySet<ChangeKind>): void {
    try {
      this.#options.onChange?.(kinds);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a change was not taken up');
    }
  }

  #noteOutage(error: unknown): void {
    if (this.#databaseUp) {
      this.#options.log.error({ err: error }, 'change log cannot be read');
    }
    this.#databaseUp = false;
  }

  #noteRecovery(): void {
    if (!this.#databaseUp) this.#options.log.info({}, 'change log can be read again');
    this.#databaseUp = true;
  }
}
