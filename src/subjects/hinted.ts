import type { AtRest } from '../database/at-rest.ts';
import { userIndex as indexUser } from '../database/blind-index.ts';
import { orUnavailable } from '../database/connection.ts';
import type { Connection } from '../database/connection.ts';
import type { Client } from '../vendors/client.ts';
import { kindOf, modeFor, newestPhase } from '../vendors/phase.ts';
import type { NameKeys } from './former-names.ts';
import { checkLocalSubject } from './local-subject.ts';
import { findSharedSubject } from './shared.ts';
import { findStandingOwner, originalLoginTimes } from './store.ts';

/**
 * Whom a subject that a client sends us stands for. The answers are users, as
 * base64url of their blind indexes in the client's sector, and never more than
 * the client could know: what it was never given stands for nobody.
 */
export class HintedSubjects {
  readonly #db: Connection;
  readonly #atRest: AtRest;
  readonly #indexRoot: Uint8Array;
  readonly #clock: () => Date;

  constructor(db: Connection, { atRest, indexRoot }: NameKeys, clock: () => Date) {
    this.#clock = clock;
    this.#db = db;
    this.#atRest = atRest;
    this.#indexRoot = indexRoot;
  }

  /** Of a subject that stands in an ID token of ours, which proves that the client was given it. */
  async provenUsers(client: Client, subject: string): Promise<readonly string[]> {
    const owner = await this.#owner(client, subject);
    const wasOpen = client.phases.some(({ phase, percent, pilotUsers }) => {
      return phase !== 'pairwise' || percent !== undefined || pilotUsers.length > 0;
    });
    return wasOpen ? [...owner, encoded(this.#indexOf(client, subject))] : owner;
  }

  /** Of a subject that this client was given at a login: a pseudonym, or the original subject. */
  async knownUsers(client: Client, subject: string): Promise<readonly string[]> {
    if (!checkLocalSubject(subject).ok) return [];
    const owner = await this.#owner(client, subject);
    const wasGiven = await this.#wasGivenOriginal(client, subject);
    return wasGiven ? [...owner, encoded(this.#indexOf(client, subject))] : owner;
  }

  /** As {@link knownUsers}; where the original subject is released today, whoever it may name too. */
  async requestableUsers(client: Client, subject: string): Promise<readonly string[]> {
    if (!checkLocalSubject(subject).ok) return [];
    const known = await this.knownUsers(client, subject);
    const index = this.#indexOf(client, subject);
    const isOpen = kindOf(modeFor(newestPhase(client), index)) === 'public';
    return isOpen ? [...known, encoded(index)] : known;
  }

  async #owner(client: Client, subject: string): Promise<readonly string[]> {
    const { sector } = client;
    const now = this.#clock();
    const owner = await orUnavailable(() => findStandingOwner(this.#db, sector, subject, now));
    if (owner !== undefined) return [encoded(owner.userIndex)];
    const localSubject = await orUnavailable(() =>
      findSharedSubject(this.#db, this.#atRest, sector, subject, now),
    );
    return localSubject === undefined ? [] : [encoded(this.#indexOf(client, localSubject))];
  }

  /**
   * Whether the user whose original subject this is logged in at the client while
   * it was served original subjects. Without that proof a client that once was
   * `public` could find out, guess by guess, who its later users are.
   */
  async #wasGivenOriginal(client: Client, subject: string): Promise<boolean> {
    const user = { sector: client.sector, userIndex: this.#indexOf(client, subject) };
    const times = await orUnavailable(() => originalLoginTimes(this.#db, client.clientId, user));
    return times.some((at) => {
      const version = client.phases.findLast((phase) => phase.at.getTime() <= at.getTime());
      return version !== undefined && kindOf(modeFor(version, user.userIndex)) === 'public';
    });
  }

  #indexOf(client: Client, subject: string): Uint8Array {
    return indexUser(this.#indexRoot, client.sector, subject);
  }
}

function encoded(userIndex: Uint8Array): string {
  return Buffer.from(userIndex).toString('base64url');
}
