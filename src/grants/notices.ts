import type { Connection } from '../database/connection.ts';
import { takeReference } from '../database/references.ts';
import type { NoticeReader } from '../database/notices.ts';
import { readNotice, writeNotice } from '../database/notices.ts';

export type { NoticeReader } from '../database/notices.ts';

/** What a user has been told of a client. */
export interface Told {
  /** What the vendor gets, in the words of `protocol/notice-contents.ts`. */
  readonly items: readonly string[];
  readonly policyUri: string | undefined;
}

/** What users were told before a first login, and the pages that wait for an answer. */
export class Notices {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /**
   * What a user was told; undefined: nothing so far.
   *
   * @throws Refusal `database_unavailable`
   */
  async told(reader: NoticeReader): Promise<Told | undefined> {
    const shown = await readNotice(this.#db, reader);
    if (shown === undefined) return undefined;
    const { items, policy_uri: policyUri } = JSON.parse(shown) as {
      items: string[];
      policy_uri: string | null;
    };
    return { items, policyUri: policyUri ?? undefined };
  }

  /**
   * Remembers what a user was told.
   *
   * @throws Refusal `database_unavailable`
   */
  remember(reader: NoticeReader, { items, policyUri }: Told, at: Date): Promise<void> {
    const shown = JSON.stringify({ items, policy_uri: policyUri ?? null });
    return writeNotice(this.#db, reader, shown, at);
  }

  /** Takes a page that waits, once, across replicas; false: another answer was first. */
  async take(reference: string, now: Date): Promise<boolean> {
    return (await takeReference(this.#db, 'notice', reference, now)) !== undefined;
  }
}
