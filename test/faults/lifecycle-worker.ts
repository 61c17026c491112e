import type { DatabaseLocation } from '../../src/config/types.ts';
import { AtRest } from '../../src/database/at-rest.ts';
import { openDatabase } from '../../src/database/connection.ts';
import { loadKeyring } from '../../src/database/keyring.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { eraseSubject } from '../../src/operations/erase-subject.ts';
import { importSubjects } from '../../src/operations/import-subjects.ts';
import { linkSectors } from '../../src/operations/link-sectors.ts';
import { linkSubjects } from '../../src/operations/link-subjects.ts';
import { rotateSubjects } from '../../src/operations/rotate-subjects.ts';
import { unlinkSectors } from '../../src/operations/unlink-sectors.ts';
import { MASTER_KEY } from '../unit/subjects/replica.ts';

/** What a process does until it is done, or killed. */
export interface Work {
  readonly act: keyof typeof ACTS;
  readonly location: DatabaseLocation;
  /** The time of its clock, in milliseconds. */
  readonly now: number;
  readonly users: number;
}

const BY = { actor: 'cli:ada' } as const;

export const SECTOR = 'acme.example';
export const OTHER = 'bolt.example';

/** The local subject of a user, by number. */
export function nameOf(user: number): string {
  return `user-${user}`;
}

interface Users {
  readonly first: number;
  /** The one behind the last. */
  readonly last: number;
  /** After each step. */
  readonly onProgress: () => void;
}

/** The long operations. */
export const ACTS = {
  rotate: (context: OperationContext, { onProgress }: Users) => {
    const request = { scope: { all: true }, graceDays: 90, endSessions: true } as const;
    return rotateSubjects(context, { ...request, onProgress }, BY);
  },
  erase: async (context: OperationContext, { first, last, onProgress }: Users) => {
    for (let user = first; user < last; user += 1) {
      await eraseSubject(context, nameOf(user), BY);
      onProgress();
    }
  },
  import: (context: OperationContext, { first, last, onProgress }: Users) => {
    const derive = () => {
      throw new Error('every row brings its own');
    };
    const request = { sector: SECTOR, given: true, mayPreserve: false, dryRun: false, derive };
    return importSubjects(context, { ...request, rows: rowsOf(first, last), onProgress }, BY);
  },
  linkSectors: (context: OperationContext, { onProgress }: Users) => {
    const how = { graceDays: 90, keep: 'into', endSessions: false, vendors: [] } as const;
    return linkSectors(context, { ...how, sector: SECTOR, into: OTHER, onProgress }, BY);
  },
  unlinkSectors: (context: OperationContext, { onProgress }: Users) => {
    const how = { graceDays: 90, keep: false, endSessions: false } as const;
    return unlinkSectors(context, { ...how, sector: SECTOR, onProgress }, BY);
  },
  link: (context: OperationContext, { first, last, onProgress }: Users) => {
    const how = { graceDays: 90, prefer: undefined, endSessions: false, dryRun: false } as const;
    return linkSubjects(context, { ...how, rows: linksOf(first, last), onProgress }, BY);
  },
} as const;

async function* linksOf(first: number, last: number) {
  for (let user = first; user < last; user += 1) {
    yield { line: user + 1, from: nameOf(user), to: `new-${nameOf(user)}` };
  }
}

async function* rowsOf(first: number, last: number) {
  for (let user = first; user < last; user += 1) {
    yield { line: user + 1, localSubject: nameOf(user), sub: `of-${nameOf(user)}` };
  }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const work = JSON.parse(process.argv[2] ?? '') as Work;
  const db = openDatabase(work.location);
  const keyring = await loadKeyring(db, { masterKey: MASTER_KEY, masterKeyPrevious: undefined });
  const begun = Date.now();
  const context = {
    ...{ db, keyring, atRest: new AtRest(keyring.storage) },
    log: createLogger({ level: 'fatal', destination: { write: () => undefined } }),
    clock: () => new Date(work.now + Date.now() - begun),
  };
  const onProgress = (): void => void process.send?.('step');
  onProgress();
  await ACTS[work.act](context, { first: 0, last: work.users, onProgress });
  await db.destroy();
  process.disconnect();
}
