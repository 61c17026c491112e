import { randomUUID } from 'node:crypto';
import type { PseudonymAlgorithm } from '../../../src/config/types.ts';
import { AtRest } from '../../../src/database/at-rest.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { loadKeyring } from '../../../src/database/keyring.ts';
import type { Keyring } from '../../../src/database/keyring.ts';
import type { Result } from '../../../src/result.ts';
import { Salts } from '../../../src/subjects/salts/store.ts';
import { Subjects } from '../../../src/subjects/settle.ts';
import type { PseudonymWitness, Resolution } from '../../../src/subjects/settle.ts';
import type { Client, Phase, PhaseVersion } from '../../../src/vendors/client.ts';
import type { TestDatabase } from '../../support/database.ts';

export const MASTER_KEY = Buffer.alloc(32, 'master');
export const SALT = Buffer.from('a salt of the tests, long enough to be one');
export const NOW = new Date('2026-01-02T03:04:05.678Z');

/** One process of the proxy as far as subjects go, with a database connection of its own. */
export interface Replica {
  readonly db: Connection;
  readonly keyring: Keyring;
  readonly atRest: AtRest;
  readonly salts: Salts;
  readonly subjects: Subjects;
  readonly log: { readonly fields: Record<string, unknown>[]; readonly messages: string[] };
  /** As `client: how`. */
  readonly rehearsals: string[];
  /** Registers a client, or changes it. */
  register(client: Client): Client;
  /** Settles a login that has a fresh code and a session of its own. */
  login(client: Client, localSubject: string): Promise<Result<Resolution>>;
  /** The subject of such a login. */
  subjectOf(client: Client, localSubject: string): Promise<string>;
}

export interface ReplicaOptions {
  readonly algorithm?: PseudonymAlgorithm;
  readonly cacheSize?: number;
  readonly change?: number;
  readonly isEnded?: (userIndex: Uint8Array, change: number) => boolean;
  readonly witness?: PseudonymWitness;
}

export async function startReplica(
  database: Pick<TestDatabase, 'connect'>,
  options: ReplicaOptions = {},
): Promise<Replica> {
  const { algorithm = 'hmac-sha256', cacheSize = 100, change = 7, witness } = options;
  const { isEnded = () => false } = options;
  const db = database.connect();
  const keyring = await loadKeyring(db, { masterKey: MASTER_KEY, masterKeyPrevious: undefined });
  const atRest = new AtRest(keyring.storage);
  const clock = () => NOW;
  const salts = await Salts.open({ db, atRest, pairwiseSalt: SALT, algorithm, clock });
  const clients = new Map<string, Client>();
  const fields: Record<string, unknown>[] = [];
  const messages: string[] = [];
  const record = (said: Readonly<Record<string, unknown>>, message: string): void => {
    fields.push({ ...said });
    messages.push(message);
  };
  const rehearsals: string[] = [];
  const subjects = new Subjects({
    db,
    keyring,
    atRest,
    salts,
    algorithm,
    clock,
    cacheSize,
    registry: { change, find: (clientId) => clients.get(clientId), isEnded },
    log: { warn: record, error: record },
    tally: { rehearsed: (clientId, how) => void rehearsals.push(`${clientId}: ${how}`) },
    ...(witness && { witness }),
  });
  const login = (client: Client, localSubject: string): Promise<Result<Resolution>> =>
    subjects.settle({ client, localSubject, spend: freshCode(), session: freshSession() });
  return {
    db,
    keyring,
    atRest,
    salts,
    subjects,
    log: { fields, messages },
    rehearsals,
    register(client) {
      clients.set(client.clientId, client);
      return client;
    },
    login,
    async subjectOf(client, localSubject) {
      const settled = await login(client, localSubject);
      if (!settled.ok) throw new Error(`not settled: ${settled.reason}`);
      return settled.value.subject;
    },
  };
}

/** What reading the names of users takes. */
export function namesWith({ atRest, keyring }: Pick<Replica, 'atRest' | 'keyring'>) {
  return { atRest, indexRoot: keyring.index };
}

const inAnHour = new Date(NOW.getTime() + 3_600_000);

export function freshCode() {
  return { purpose: 'code', value: Buffer.from(randomUUID()), expiresAt: inAnHour };
}

export function freshSession() {
  return { grantId: randomUUID(), expiresAt: inAnHour };
}

export function phase(name: Phase, rest: Partial<PhaseVersion> = {}): PhaseVersion {
  return {
    version: 1,
    phase: name,
    percent: undefined,
    pilotUsers: [],
    change: 1,
    at: NOW,
    ...rest,
  };
}

/** A client of the sector; by default everybody gets a pseudonym there. */
export function clientIn(sector: string, served: Phase | PhaseVersion = 'pairwise'): Client {
  const version = typeof served === 'string' ? phase(served) : served;
  return {
    clientId: `client of ${sector}`,
    vendorId: 'acme',
    sector,
    subjectType: 'pairwise',
    metadata: {
      application_type: 'web',
      redirect_uris: [`https://${sector}/callback`],
      post_logout_redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
      authorization_signed_response_alg: 'RS256',
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: 'openid',
      require_auth_time: false,
      login_hint: 'drop',
    },
    clientSecret: 'a client secret of the tests',
    upstream: undefined,
    acceptBypass: true,
    releaseClaims: [],
    frontChannel: undefined,
    continuityDays: 30,
    phases: [version],
    notBefore: 0,
  };
}

/** The queries on a table that a connection runs during `work`. */
export async function queriesOn(
  db: Connection,
  table: string,
  work: () => Promise<unknown>,
): Promise<readonly { sql: string; bindings: readonly (string | number | Buffer)[] }[]> {
  const seen: { sql: string; bindings: readonly (string | number | Buffer)[] }[] = [];
  const listener = ({
    sql,
    bindings,
  }: {
    sql: string;
    bindings: readonly (string | number | Buffer)[];
  }): void => {
    if (sql.includes(`\`${table}\``)) seen.push({ sql, bindings });
  };
  db.on('query', listener);
  try {
    await work();
  } finally {
    db.off('query', listener);
  }
  return seen;
}
