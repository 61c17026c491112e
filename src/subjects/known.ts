import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import type { Connection } from '../database/connection.ts';
import { orUnavailable } from '../database/connection.ts';
import type { Client } from '../vendors/client.ts';
import { modeFor, newestPhase } from '../vendors/phase.ts';
import { mintReleasedSubject } from './released.ts';
import type { ReleasedSubject, SubjectKind } from './released.ts';
import type { CurrentClients } from './settle.ts';
import { findSharedNewest, findSharedSubject } from './shared.ts';

/** A subject as it was released in one sector. */
export interface ReleasedIn {
  readonly sector: string;
  readonly subject: ReleasedSubject;
  readonly kind: SubjectKind;
  /** The change-log position at which it was settled. */
  readonly change: number;
}

/** What {@link KnownSubjects} is built from. */
export interface KnownSubjectsOptions {
  readonly db: Connection;
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
  readonly clock: () => Date;
  readonly registry: Pick<CurrentClients, 'isEnded'>;
}

/** Finds the pseudonyms that users have in other sectors, and never makes one. */
export class KnownSubjects {
  readonly #options: KnownSubjectsOptions;

  constructor(options: KnownSubjectsOptions) {
    this.#options = options;
  }

  /**
   * The user's pseudonym in the sector of another client. Undefined: the user has
   * none there, or was ended there since, as by disconnecting that vendor; or the
   * other client is not served pairwise, and an original subject is nothing to hand on.
   *
   * @throws Refusal `database_unavailable`
   */
  async subjectFor(client: Client, released: ReleasedIn): Promise<ReleasedSubject | undefined> {
    const { sector } = client;
    const { db, indexRoot, registry } = this.#options;
    const localSubject = await this.#localSubject(released);
    if (localSubject === undefined) return undefined;
    const userIndex = indexUser(indexRoot, sector, localSubject);
    if (modeFor(newestPhase(client), userIndex) !== 'pairwise') return undefined;
    const newest = await orUnavailable(() => findSharedNewest(db, indexRoot, sector, localSubject));
    // Last of all: reading may have taken its time.
    if (newest === undefined || registry.isEnded(userIndex, released.change)) return undefined;
    return mintReleasedSubject(newest.sub);
  }

  async #localSubject({ sector, subject, kind }: ReleasedIn): Promise<string | undefined> {
    if (kind === 'public') return subject;
    const { db, atRest, clock } = this.#options;
    return orUnavailable(() => findSharedSubject(db, atRest, sector, subject, clock()));
  }
}
