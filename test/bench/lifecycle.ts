import { performance } from 'node:perf_hooks';

import { openDatabase } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { eraseSubject } from '../../src/operations/erase-subject.ts';
import { importSubjects } from '../../src/operations/import-subjects.ts';
import { rotateSubject } from '../../src/operations/rotate-subject.ts';
import { rotateSubjects } from '../../src/operations/rotate-subjects.ts';
import { derivePseudonym } from '../../src/subjects/derive.ts';
import type { Client } from '../../src/vendors/client.ts';
import { startMariadb } from '../support/mariadb.ts';
import { clientIn, freshCode, freshSession, SALT, startReplica } from '../unit/subjects/replica.ts';
import type { Replica } from '../unit/subjects/replica.ts';
import { benchDatabase } from './import.ts';

const USERS = Number(process.env['BENCH_USERS'] ?? 100_000);
const SECTOR = 'acme.example';
const BY = { actor: 'cli:bench' } as const;
/** Users who are rotated, and erased, one by one. */
const SINGLE = 100;
/** Logins that go on at once. */
const LOGINS_AT_ONCE = 4;

/**
 * Rotates a sector of a hundred thousand users on a MariaDB of its own, and then
 * some users one by one, and erases some, while logins go on. Says how long that
 * took, what logins noticed of it, and how many of them failed or were given a
 * subject that is another user's, or one from before an operation that had ended.
 */
export async function measureLifecycle(): Promise<string> {
  const server = await startMariadb('--innodb-buffer-pool-size=512M');
  try {
    const db = await benchDatabase(server.url);
    const { replica, client, context } = await begin(db, server.url);
    await importUsers(context);
    const logins = new Logins(replica, client);
    const measured: string[] = [];
    const measure = async (what: string, count: number, work: () => Promise<void>) => {
      const before = logins.begin();
      const begun = performance.now();
      await work();
      const seconds = (performance.now() - begun) / 1000;
      const each = ((seconds * 1000) / count).toFixed(1);
      measured.push(`${what} in ${seconds.toFixed(1)} s, ${each} ms each; ${logins.since(before)}`);
    };
    logins.start();
    await measure('logins alone', 1, () => new Promise((done) => setTimeout(done, 5000)));
    await measure(`${USERS} rotated`, USERS, async () => {
      const end = logins.ending(logins.users());
      await rotateSubjects(context, { scope: { sector: SECTOR }, ...GENTLY }, BY);
      end();
    });
    await measure(`${SINGLE} rotated singly`, SINGLE, async () => {
      for (let user = 0; user < SINGLE; user += 1) {
        const localSubject = nameOf(user);
        const end = logins.ending([localSubject]);
        await rotateSubject(context, { sector: SECTOR, localSubject, ...GENTLY }, BY);
        end();
      }
    });
    await measure(`${SINGLE} erased`, SINGLE, async () => {
      for (let user = 0; user < SINGLE; user += 1) {
        const end = logins.ending([nameOf(user)]);
        await eraseSubject(context, nameOf(user), BY);
        end();
      }
    });
    await logins.stop();
    await Promise.all([db.destroy(), replica.db.destroy()]);
    return [`lifecycle, with ${USERS} users in the sector`, ...measured, logins.verdict].join(
      '\n  ',
    );
  } finally {
    await server.close();
  }
}

const GENTLY = { graceDays: 90, endSessions: false } as const;

function nameOf(user: number): string {
  return `user-${user}@legacy.example`;
}

/** A replica that logs users in, and an operator with connections of their own. */
async function begin(db: Connection, serverUrl: string) {
  const url = new URL('/bench', serverUrl).href;
  const replica = await startReplica({ connect: () => openDatabase({ dialect: 'mysql', url }) });
  const client = replica.register(clientIn(SECTOR));
  const vendor = { id: Buffer.from(client.vendorId), name: 'Acme', contacts: '[]' };
  const times = { created_at: 1, updated_at: 1 };
  await db('vendors').insert({
    ...{ ...vendor, ...times, one_sector: false, allowed_subject_types: '["pairwise"]' },
  });
  await db('sectors').insert({
    ...{ sector: Buffer.from(SECTOR), vendor_id: vendor.id, created_at: 1 },
  });
  const context: OperationContext = {
    ...{ db, keyring: replica.keyring, atRest: replica.atRest, clock: () => new Date() },
    log: createLogger({ level: 'fatal', destination: process.stderr }),
  };
  return { replica, client, context };
}

async function importUsers(context: OperationContext): Promise<void> {
  async function* rows() {
    for (let user = 0; user < USERS; user += 1)
      yield { line: user + 1, localSubject: nameOf(user) };
  }
  const derive = (localSubject: string) => ({
    sub: derivePseudonym('hmac-sha256', { sector: SECTOR, localSubject, salt: SALT }),
    ...({ algorithm: 'hmac-sha256', saltVersion: 1 } as const),
  });
  const request = { sector: SECTOR, given: false, mayPreserve: false, dryRun: false, derive };
  await importSubjects(context, { ...request, rows: rows() }, BY);
}

/** Users who log in, a few at once, one after the other; each subject is compared with all before. */
class Logins {
  readonly #replica: Replica;
  readonly #client: Client;
  /** Whose each subject was. */
  readonly #owners = new Map<string, string>();
  /** The subjects of a user which logins that begin now must not be given any more. */
  readonly #ended = new Map<string, Set<string>>();
  readonly #given = new Map<string, Set<string>>();
  readonly #milliseconds: number[] = [];
  #running = true;
  #loops: Promise<void>[] = [];
  #failed = 0;
  #wrong = 0;

  constructor(replica: Replica, client: Client) {
    this.#replica = replica;
    this.#client = client;
  }

  start(): void {
    this.#loops = Array.from({ length: LOGINS_AT_ONCE }, () => this.#loop());
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  /** How many there were. */
  begin(): number {
    return this.#milliseconds.length;
  }

  since(before: number): string {
    const times = this.#milliseconds.slice(before).toSorted((one, other) => one - other);
    const at = (part: number) => (times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(0);
    return `${times.length} logins meanwhile, of ${at(0.5)} ms (p50), ${at(0.99)} ms (p99), ${at(1)} ms (slowest)`;
  }

  get verdict(): string {
    return `${this.#milliseconds.length} logins: ${this.#failed} failed, ${this.#wrong} were given a wrong subject`;
  }

  /** Those who have logged in. */
  users(): readonly string[] {
    return [...this.#given.keys()];
  }

  /**
   * Remembers what some users have been given, before an operation; to be called behind it: who
   * logs in from then on must not be given that again.
   */
  ending(users: readonly string[]): () => void {
    const ended = users.map((user) => {
      const derived = derivePseudonym('hmac-sha256', {
        ...{ sector: SECTOR, localSubject: user, salt: SALT },
      });
      return [user, new Set(this.#given.get(user)).add(derived)] as const;
    });
    return () => {
      for (const [user, subs] of ended) this.#ended.set(user, subs);
    };
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      // Every other login is of those who are rotated and erased one by one.
      const among = Math.random() < 0.5 ? SINGLE : USERS;
      const user = nameOf(Math.floor(Math.random() * among));
      const ended = this.#ended.get(user);
      const begun = performance.now();
      const arrival = { client: this.#client, localSubject: user };
      const settled = await this.#replica.subjects
        .settle({ ...arrival, spend: freshCode(), session: freshSession() })
        .catch(() => undefined);
      this.#milliseconds.push(performance.now() - begun);
      if (settled?.ok !== true) {
        this.#failed += 1;
        continue;
      }
      const { subject } = settled.value;
      const owner = this.#owners.get(subject) ?? user;
      if (owner !== user || ended?.has(subject) === true) this.#wrong += 1;
      this.#owners.set(subject, owner);
      this.#given.set(user, (this.#given.get(user) ?? new Set()).add(subject));
    }
  }
}
