import { LRUCache } from 'lru-cache';

import type { MetPseudonym } from '../audit/segment-store.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { asBuffer } from '../database/bytes.ts';
import { inTransaction, orUnavailable } from '../database/connection.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import type { Keyring } from '../database/keyring.ts';
import { Refusal } from '../errors.ts';
import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';
import type { Client } from '../vendors/client.ts';
import { kindOf, modeFor, newestPhase } from '../vendors/phase.ts';
import type { Mode } from '../vendors/phase.ts';
import { recordArrival } from './arrival.ts';
import type { Arrival } from './arrival.ts';
import { findOrCreate } from './create.ts';
import type { ArrivingUser, FoundPseudonym, Mint } from './create.ts';
import { isNameOf } from './former-names.ts';
import { NotedGifts, noteGiven } from './given.ts';
import { checkLocalSubject } from './local-subject.ts';
import { publicSubject } from './public-subject.ts';
import { mintReleasedSubject } from './released.ts';
import type { ReleasedSubject, SubjectKind } from './released.ts';
import type { Rehearsal } from './shadow-tally.ts';
import { findSharedSubject } from './shared.ts';
import { listGenerations, PseudonymTaken } from './store.ts';
import type { ListedPseudonym, Pseudonym, SectorUser } from './store.ts';

/** Who a vendor is told that the user is. */
export interface Resolution {
  readonly subject: ReleasedSubject;
  readonly kind: SubjectKind;
  readonly mode: Mode;
  readonly userIndex: Uint8Array;
  /** The change-log position that this replica had applied when it resolved the subject. */
  readonly change: number;
}

/** A subject as a grant carries it. */
type GivenSubject = Pick<Resolution, 'subject' | 'kind' | 'userIndex'>;

/** What the registry of clients says at this moment. */
export interface CurrentClients {
  find(clientId: string): Client | undefined;
  /** Whether what was settled for a user at a position of the change log was ended since. */
  isEnded(userIndex: Uint8Array, change: number): boolean;
  readonly change: number;
}

/** What {@link Subjects} is built from. */
export interface SubjectsOptions extends Omit<Mint, 'indexRoot' | 'tombstoneRoot'> {
  readonly db: Connection;
  readonly keyring: Pick<Keyring, 'index' | 'tombstone'>;
  readonly registry: CurrentClients;
  /** Users in `shadow` remembered to have a pseudonym. */
  readonly cacheSize?: number;
  /** Told of each login of a client in `shadow`; called beside the request. */
  readonly tally?: { rehearsed(clientId: string, how: Rehearsal): void };
  /** Told of pseudonyms that are new or given to a vendor; called beside the request. */
  readonly witness?: PseudonymWitness;
}

/** Takes down what happens to pseudonyms; none of it waits or fails. */
export interface PseudonymWitness {
  made(pseudonym: MetPseudonym): void;
  used(pseudonym: MetPseudonym): void;
  /** Told of every question to a cache. */
  lookedUp?(cache: 'given' | 'rehearsed', found: boolean): void;
}

const DEFAULT_CACHE_SIZE = 50_000;
/** How often two replicas may meet over the same new user before we give up. */
const ATTEMPTS = 5;

/** Turns local subjects into what each vendor may see, and back for the operator. */
export class Subjects {
  readonly #options: SubjectsOptions;
  readonly #mint: Mint;
  /** Users in `shadow` who had a pseudonym at a position of the change log; it is not released. */
  readonly #rehearsed: LRUCache<string, number>;
  readonly #given: NotedGifts;

  constructor(options: SubjectsOptions) {
    this.#options = options;
    const { index: indexRoot, tombstone: tombstoneRoot } = options.keyring;
    this.#mint = { ...options, indexRoot, tombstoneRoot };
    this.#rehearsed = new LRUCache({ max: options.cacheSize ?? DEFAULT_CACHE_SIZE });
    this.#given = new NotedGifts(options.cacheSize ?? DEFAULT_CACHE_SIZE);
  }

  /**
   * The user's blind index in the client's sector.
   *
   * @returns `subject_missing`, `subject_too_long` or `id_token_malformed` for an unusable subject
   */
  indexOf(client: Pick<Client, 'sector'>, localSubject: string): Result<Uint8Array> {
    const checked = checkLocalSubject(localSubject);
    if (!checked.ok) return checked;
    return success(indexUser(this.#mint.indexRoot, client.sector, checked.value));
  }

  /**
   * Resolves the subject of an authenticated user. The spent code, the pseudonym
   * and the session are durable when this returns, in one transaction; in
   * `shadow` the pseudonym follows in one of its own, so that its failure is not
   * the vendor's.
   *
   * @returns the failures of {@link Subjects.indexOf}; `since.ended`; `code_replayed` if the code was spent before
   *   (then nothing is written); `subject_collision` if the user cannot be told from another
   * @throws {Refusal} `database_unavailable`, `configuration_stale`
   */
  async settle(arrival: Arrival): Promise<Result<Resolution>> {
    // The upstream exchange took time: phase and change number must be of the same moment.
    const { change: seen } = this.#options.registry;
    const client = this.#options.registry.find(arrival.client.clientId);
    if (client === undefined) {
      return failure('client_authentication_failed', 'the client was removed in the meantime');
    }
    const indexed = this.indexOf(client, arrival.localSubject);
    if (!indexed.ok) return indexed;
    const userIndex = indexed.value;
    const { since } = arrival;
    if (since !== undefined && this.#options.registry.isEnded(userIndex, since.change)) {
      return failure(since.ended, 'all that was the user’s was ended since the login');
    }
    const user = {
      ...{ sector: client.sector, userIndex, localSubject: arrival.localSubject },
      preserves: client.metadata.migration?.mode === 'preserve',
    };
    const mode = modeFor(newestPhase(client), userIndex);

    const settled =
      mode === 'pairwise'
        ? await this.#settlePairwise(arrival, user)
        : await this.#settlePublic(arrival, user);
    if (!settled.ok) return settled;
    if (mode === 'shadow') await this.#rehearse(client, user);
    const { sub, goodFrom = 0 } = settled.value;
    const subject = mintReleasedSubject(sub);
    // What the user came back to is not what was ended, also where this replica has yet to hear of it.
    const change = Math.max(seen, goodFrom);
    // Whom the provider calls by a former name is the one whom the vendor has by the present name.
    const { arrivedIndex: present = userIndex } = settled.value;
    return success({ subject, kind: kindOf(mode), mode, userIndex: present, change });
  }

  /**
   * Whether the upstream's name is another one, former or present, of the user with this index.
   *
   * @throws {Refusal} `database_unavailable`
   */
  isLinked(
    client: Pick<Client, 'sector'>,
    localSubject: string,
    userIndex: Uint8Array,
  ): Promise<boolean> {
    const { sector } = client;
    return orUnavailable(() =>
      isNameOf(this.#options.db, this.#mint, localSubject, { sector, userIndex }),
    );
  }

  /** Notes that a vendor was given a user's subject again, without a login. */
  noteUse({ sector }: Pick<Client, 'sector'>, { subject, kind, userIndex }: GivenSubject): void {
    if (kind === 'pairwise') this.#options.witness?.used({ sector, userIndex, sub: subject });
  }

  /** The local subject behind a pseudonym of the sector that resolves. */
  async lookup(sector: string, sub: string): Promise<string | undefined> {
    const { db, atRest, clock } = this.#options;
    return orUnavailable(() => findSharedSubject(db, atRest, sector, sub, clock()));
  }

  /** All pseudonyms of a user in the sectors named, oldest generation first. */
  async list(
    localSubject: string,
    sectors: readonly string[],
  ): Promise<readonly ListedPseudonym[]> {
    const { db } = this.#options;
    const listed: ListedPseudonym[] = [];
    for (const sector of sectors) {
      const user = { sector, userIndex: indexUser(this.#mint.indexRoot, sector, localSubject) };
      listed.push(...(await orUnavailable(() => listGenerations(db, user))));
    }
    return listed;
  }

  async #settlePairwise(arrival: Arrival, user: ArrivingUser): Promise<Result<Settled>> {
    const { registry } = this.#options;
    const { clientId } = arrival.client;
    const isNoted = ({ userIndex }: SectorUser): boolean => {
      const notedAt = this.#given.notedAt(clientId, userIndex);
      return notedAt !== undefined && !registry.isEnded(userIndex, notedAt);
    };
    const { change } = registry;
    const pseudonym = await this.#pseudonymOf((trx) =>
      recordArrival(
        ...([trx, this.#mint, arrival, user] as const),
        async () => {
          const found = await findOrCreate(trx, this.#mint, user, arrival.since);
          if (found.ok && (found.value.isNew || !isNoted(found.value))) {
            await noteGiven(trx, clientId, found.value);
          }
          return found;
        },
        ({ sub, arrivedIndex }) => ({ sub, userIndex: arrivedIndex }),
      ),
    );
    if (!pseudonym.ok) return pseudonym;
    const { goodFrom = 0 } = pseudonym.value;
    const wasNoted = isNoted(pseudonym.value);
    this.#options.witness?.lookedUp?.('given', wasNoted);
    if (!wasNoted) {
      this.#given.note(clientId, pseudonym.value.userIndex, Math.max(change, goodFrom));
    }
    this.#options.witness?.used(pseudonym.value);
    return pseudonym;
  }

  async #settlePublic(arrival: Arrival, user: ArrivingUser): Promise<Result<Settled>> {
    const settled = await inTransaction(this.#options.db, (trx) =>
      recordArrival(
        ...([trx, this.#mint, arrival, user] as const),
        () => publicSubject(trx, this.#mint, user),
        () => undefined,
      ),
    );
    return settled.ok ? success({ sub: settled.value }) : settled;
  }

  async #rehearse(client: Client, user: ArrivingUser): Promise<void> {
    try {
      const { registry, tally } = this.#options;
      const key = cacheKey(user);
      const rehearsedAt = this.#rehearsed.get(key);
      const isKnown = rehearsedAt !== undefined && !registry.isEnded(user.userIndex, rehearsedAt);
      this.#options.witness?.lookedUp?.('rehearsed', isKnown);
      if (isKnown) {
        tally?.rehearsed(client.clientId, 'known');
        return;
      }
      const { change } = registry;
      const found = await this.#pseudonymOf((trx) =>
        findOrCreate(trx, this.#mint, user, undefined),
      );
      if (!found.ok) {
        this.#shadowFailed(client, found.reason);
        return;
      }
      this.#rehearsed.set(key, Math.max(change, found.value.goodFrom ?? 0));
      tally?.rehearsed(client.clientId, found.value.isNew ? 'made' : 'known');
    } catch (error) {
      this.#shadowFailed(client, nameOf(error));
    }
  }

  #shadowFailed(client: Client, failed: string): void {
    const fields = { event: 'shadow_failure', clientId: client.clientId, failed };
    this.#mint.log.error(fields, 'the pairwise part failed for a client in shadow');
    this.#options.tally?.rehearsed(client.clientId, 'failed');
  }

  /** Runs `work` in one transaction, again while another replica creates the same pseudonym. */
  async #pseudonymOf(
    work: (trx: Transaction) => Promise<Result<FoundPseudonym>>,
  ): Promise<Result<FoundPseudonym>> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        const found = await inTransaction(this.#options.db, work);
        if (!found.ok) return found;
        if (found.value.isNew) this.#options.witness?.made(found.value);
        return found;
      } catch (error) {
        if (!(error instanceof PseudonymTaken)) throw error;
      }
    }
    return failure('subject_collision', `others were first in ${ATTEMPTS} attempts`);
  }
}

type Settled = Pick<Pseudonym, 'sub' | 'goodFrom'> & Partial<Pick<FoundPseudonym, 'arrivedIndex'>>;

// Not the message: it may hold what the row would have held.
function nameOf(error: unknown): string {
  if (error instanceof Refusal) return error.reason;
  return error instanceof Error ? error.name : 'unknown';
}

function cacheKey({ sector, userIndex }: SectorUser): string {
  return `${asBuffer(userIndex).toString('base64')} ${sector}`;
}
