import { performance } from 'node:perf_hooks';

import { openDatabase } from '../../src/database/connection.ts';
import type { Connection } from '../../src/database/connection.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { eraseSubject } from '../../src/operations/erase-subject.ts';
import { importSubjects } from '../../src/operations/import-subjects.ts';
import { linkSectors } from '../../src/operations/link-sectors.ts';
import { rotateSubject } from '../../src/operations/rotate-subject.ts';
import { rotateSubjects } from '../../src/operations/rotate-subjects.ts';
import { unlinkSectors } from '../../src/operations/unlink-sectors.ts';
import { derivePseudonym } from '../../src/subjects/derive.ts';
import type { Client } from '../../src/vendors/client.ts';
import { startMariadb } from '../support/mariadb.ts';
import { clientIn, freshCode, freshSession, SALT, startReplica } from '../unit/subjects/replica.ts';
import type { Replica } from '../unit/subjects/replica.ts';
import { benchDatabase } from './import.ts';

const USERS = Number(process.env['BENCH_USERS'] ?? 100_000);
const SECTOR = 'acme.example';
/** The one that is linked into it. */
const LINKED = 'bolt.example';
const BY = { actor: 'cli:bench' } as const;
/** Users who are rotated, and erased, one by one. */
const SINGLE = 100;
/** Logins that go on at once. */
const LOGINS_AT_ONCE = 4;

/**
 * Rotates a sector of a hundred thousand users on a MariaDB of its own, and then
 * some users one by one, and erases some, and links another sector of as many users into
 * it and parts them again, while logins go on. Says how long that took, what logins noticed of it, and how many of them failed or were given a
 * subject that is another user's, or one from before an operation that had ended.
 */
export async function measureLifecycle(): Promise<string> {
  const server = await startMariadb('--innodb-buffer-pool-size=512M');
  try {
    const db = await benchDatabase(server.url);
    const { replica, client, linked, context } = await begin(db, server.url);
    for (const sector of [SECTOR, LINKED]) await importUsers(context, sector);
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
      const before = logins.givenAt(client);
      await rotateSubjects(context, { scope: { sector: SECTOR }, ...GENTLY }, BY);
      logins.end(client, (user) => [...before(user), derived(SECTOR, user)]);
    });
    await measure(`${SINGLE} rotated singly`, SINGLE, async () => {
      for (let user = 0; user < SINGLE; user += 1) {
        const localSubject = nameOf(user);
        const before = logins.givenAt(client)(localSubject);
        await rotateSubject(context, { sector: SECTOR, localSubject, ...GENTLY }, BY);
        logins.end(client, (user) => (user === localSubject ? before : []));
      }
    });
    await measure(`${SINGLE} erased`, SINGLE, async () => {
      for (let user = 0; user < SINGLE; user += 1) {
        const erased = nameOf(user);
        const before = logins.givenAt(client)(erased);
        await eraseSubject(context, erased, BY);
        logins.end(client, (each) => (each === erased ? before : []));
      }
    });
    logins.visit(linked);
    const pair = { sector: LINKED, into: SECTOR, vendors: [] } as const;
    await measure(`${USERS} of another sector linked`, USERS, async () => {
      const before = (user: string) => [derived(LINKED, user)];
      await linkSectors(context, { ...pair, ...GENTLY, keep: 'into' }, BY);
      logins.end(linked, before);
    });
    await measure('and parted', USERS, async () => {
      const before = logins.givenAt(client);
      await unlinkSectors(context, { sector: LINKED, keep: false, ...GENTLY }, BY);
      logins.end(linked, before);
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

function derived(sector: string, localSubject: string): string {
  return derivePseudonym('hmac-sha256', { sector, localSubject, salt: SALT });
}

/** A replica that logs users in, and an operator with connections of their own. */
async function begin(db: Connection, serverUrl: string) {
  const url = new URL('/bench', serverUrl).href;
  const replica = await startReplica({ connect: () => openDatabase({ dialect: 'mysql', url }) });
  const client = replica.register(clientIn(SECTOR));
  const linked = replica.register(clientIn(LINKED));
  const vendor = { id: Buffer.from(client.vendorId), name: 'Acme', contacts: '[]' };
  const times = { created_at: 1, updated_at: 1 };
  await db('vendors').insert({
    ...{ ...vendor, ...times, one_sector: false, allowed_subject_types: '["pairwise"]' },
  });
  for (const { clientId, sector } of [client, linked]) {
    const owned = { sector: Buffer.from(sector), vendor_id: vendor.id };
    await db('sectors').insert({ ...owned, created_at: 1 });
    await db('clients').insert({
      ...{ ...owned, ...times, client_id: Buffer.from(clientId), subject_type: 'pairwise' },
      ...{ metadata: '{}', upstream_shared: false, has_upstream: false, accept_bypass: false },
      ...{ release_claims: '[]', continuity_days: 30 },
    });
  }
  const context: OperationContext = {
    ...{ db, keyring: replica.keyring, atRest: replica.atRest, clock: () => new Date() },
    log: createLogger({ level: 'fatal', destination: process.stderr }),
  };
  return { replica, client, linked, context };
}

async function importUsers(context: OperationContext, sector: string): Promise<void> {
  async function* rows() {
    for (let user = 0; user < USERS; user += 1)
      yield { line: user + 1, localSubject: nameOf(user) };
  }
  const derive = (localSubject: string) => ({
    sub: derived(sector, localSubject),
    ...({ algorithm: 'hmac-sha256', saltVersion: 1 } as const),
  });
  const request = { sector, given: false, mayPreserve: false, dryRun: false, derive };
  await importSubjects(context, { ...request, rows: rows() }, BY);
}

/** Users who log in, a few at once, one after the other; each subject is compared with all before. */
class Logins {
  readonly #replica: Replica;
  readonly #clients: Client[];
  /** Whose each subject was. */
  readonly #owners = new Map<string, string>();
  /** The subjects that a login at a client which begins now must not be given any more. */
  readonly #ended = new Map<Client, (user: string) => Iterable<string>>();
  readonly #given = new Map<Client, Map<string, Set<string>>>();
  readonly #milliseconds: number[] = [];
  #running = true;
  #loops: Promise<void>[] = [];
  #failed = 0;
  #wrong = 0;

  constructor(replica: Replica, client: Client) {
    this.#replica = replica;
    this.#clients = [client];
  }

  start(): void {
    this.#loops = Array.from({ length: LOGINS_AT_ONCE }, () => this.#loop());
  }

  /** Lets them log in at another client too. */
  visit(client: Client): void {
    this.#clients.push(client);
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

  /** What a client has been given of each user so far. */
  givenAt(client: Client): (user: string) => ReadonlySet<string> {
    const given = new Map([...this.#givenTo(client)].map(([user, subs]) => [user, new Set(subs)]));
    return (user) => given.get(user) ?? new Set();
  }

  /** From now on nobody who begins a login at a client must be given these subjects again. */
  end(client: Client, subjects: (user: string) => Iterable<string>): void {
    const before = this.#ended.get(client) ?? (() => []);
    this.#ended.set(client, (user) => [...before(user), ...subjects(user)]);
  }

  #givenTo(client: Client): Map<string, Set<string>> {
    const given = this.#given.get(client) ?? new Map<string, Set<string>>();
    this.#given.set(client, given);
    return given;
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      // Every other login is of those who are rotated and erased one by one.
      const among = Math.random() < 0.5 ? SINGLE : USERS;
      const user = nameOf(Math.floor(Math.random() * among));
      const client = this.#clients[Math.floor(Math.random() * this.#clients.length)];
      if (client === undefined) return;
      const ended = new Set(this.#ended.get(client)?.(user));
      const begun = performance.now();
      const settled = await this.#replica.subjects
        .settle({ client, localSubject: user, spend: freshCode(), session: freshSession() })
        .catch(() => undefined);
      this.#milliseconds.push(performance.now() - begun);
      if (settled?.ok !== true) {
        this.#failed += 1;
        continue;
      }
      const { subject } = settled.value;
      const owner = this.#owners.get(subject) ?? user;
      if (owner !== user || ended.has(subject)) this.#wrong += 1;
      this.#owners.set(subject, owner);
      const given = this.#givenTo(client);
      given.set(user, (given.get(user) ?? new Set()).add(subject));
    }
  }
}
