import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Connection } from '../database/connection.ts';
import { orUnavailable } from '../database/connection.ts';
import type { Client } from '../vendors/client.ts';
import { modeFor, newestPhase } from '../vendors/phase.ts';
import { mintReleasedSubject } from './released.ts';
import type { ReleasedSubject, SubjectKind } from './released.ts';
import { findLocalSubject, findNewest } from './store.ts';

/** A subject as it was released in one sector. */
export interface ReleasedIn {
  readonly sector: string;
  readonly subject: ReleasedSubject;
  readonly kind: SubjectKind;
}

/** Finds the pseudonyms that users have in other sectors, and never makes one. */
export class KnownSubjects {
  readonly #db: Connection;
  readonly #atRest: AtRest;
  readonly #indexRoot: Uint8Array;
  readonly #clock: () => Date;

  constructor(db: Connection, atRest: AtRest, indexRoot: Uint8Array, clock: () => Date) {
    this.#clock = clock;
    this.#db = db;
    this.#atRest = atRest;
    this.#indexRoot = indexRoot;
  }

  /**
   * The user's pseudonym in the sector of another client. Undefined: the user has
   * none there, or the other client is not served pairwise, and an original
   * subject is nothing to hand on.
   *
   * @throws Refusal `database_unavailable`
   */
  async subjectFor(client: Client, released: ReleasedIn): Promise<ReleasedSubject | undefined> {
    const { sector } = client;
    const localSubject = await this.#localSubject(released);
    if (localSubject === undefined) return undefined;
    const userIndex = indexUser(this.#indexRoot, sector, localSubject);
    if (modeFor(newestPhase(client), userIndex) !== 'pairwise') return undefined;
    const newest = await orUnavailable(() => findNewest(this.#db, { sector, userIndex }));
    return newest === undefined ? undefined : mintReleasedSubject(newest.sub);
  }

  async #localSubject({ sector, subject, kind }: ReleasedIn): Promise<string | undefined> {
    if (kind === 'public') return subject;
    return orUnavailable(() =>
      findLocalSubject(this.#db, this.#atRest, sector, subject, this.#clock()),
    );
  }
}
