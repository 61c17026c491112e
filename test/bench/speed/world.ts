import { randomBytes } from 'node:crypto';

import { openDatabase } from '../../../src/database/connection.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { AtRest } from '../../../src/database/at-rest.ts';
import { loadKeyring } from '../../../src/database/keyring.ts';
import type { Keyring } from '../../../src/database/keyring.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { importSubjects } from '../../../src/operations/import-subjects.ts';
import { derivePseudonym } from '../../../src/subjects/derive.ts';
import { applyRegistrations } from '../../../src/vendors/apply.ts';
import { readRegistrations } from '../../../src/vendors/registration.ts';
import { UPSTREAM_CLIENT } from './upstream-answers.ts';
import { LOCAL_SUBJECTS, SCOPE } from './users.ts';

/** Clients that are registered, used or not. */
const CLIENTS = 10_000;
/** Clients in sectors of their own, in which nobody has a pseudonym yet. */
const NEWCOMERS = 8;
export const CLIENT_SECRET = 'secret-at-the-proxy-0123456789-abcdef';
export const SECTOR = 'acme.example';

const MASTER_KEY = randomBytes(32);
const SALT = randomBytes(32);

/** The database of the benchmark, with what whoever mints tokens for it has to know. */
export interface BenchWorld {
  readonly db: Connection;
  readonly keyring: Keyring;
  readonly salt: Uint8Array;
  /** What `serve` is told of it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The client that asks for ID tokens in this algorithm. */
export function clientOf(algorithm: 'ES256' | 'RS256'): string {
  return `acme-${algorithm}`;
}

/** Where the users of a newcomer come back to. */
export function newcomerRedirectUri(n: number): string {
  return `https://newcomer-${n}.example/callback`;
}

/** Registers ten thousand clients and imports the users of one sector, in an empty schema. */
export async function seedWorld(databaseUrl: string): Promise<BenchWorld> {
  const db = openDatabase({ dialect: 'mysql', url: databaseUrl });
  const keyring = await loadKeyring(db, { masterKey: MASTER_KEY, masterKeyPrevious: undefined });
  const atRest = new AtRest(keyring.storage);
  const by = { actor: 'cli:bench' } as const;
  const sources = { env: () => undefined, file: () => '' };
  const registrations = readRegistrations({ vendors: vendors() }, sources);
  await applyRegistrations({ db, atRest }, registrations, {
    ...{ ...by, at: new Date(), sectorChange: 'refused' },
  });
  const log = createLogger({ level: 'fatal', destination: process.stderr });
  const context = { db, keyring, atRest, log, clock: () => new Date() };
  await importSubjects(
    context,
    {
      ...{ sector: SECTOR, given: false, mayPreserve: false, dryRun: false, rows: rows() },
      derive: (localSubject) => ({
        sub: derivePseudonym('hmac-sha256', { sector: SECTOR, localSubject, salt: SALT }),
        ...{ algorithm: 'hmac-sha256', saltVersion: 1 },
      }),
    },
    by,
  );
  const environment = {
    DATABASE_URL: databaseUrl,
    MASTER_KEY: MASTER_KEY.toString('base64url'),
    PAIRWISE_SALT: SALT.toString('base64url'),
  };
  return { db, keyring, salt: SALT, environment };
}

async function* rows() {
  for (const [index, localSubject] of LOCAL_SUBJECTS.entries()) {
    yield { line: index + 1, localSubject };
  }
}

function vendors(): readonly object[] {
  const upstream = {
    ...{ client_id: UPSTREAM_CLIENT.id, client_secret: UPSTREAM_CLIENT.secret, shared: true },
  };
  const client = (id: string, host: string, more: object = {}): object => ({
    ...{ client_id: id, client_secret: CLIENT_SECRET, upstream, scope: SCOPE },
    ...{ redirect_uris: [`https://${host}/callback`], release_claims: ['name', 'locale'], ...more },
  });
  const acme = (['ES256', 'RS256'] as const).map((alg) =>
    client(clientOf(alg), SECTOR, { id_token_signed_response_alg: alg }),
  );
  const newcomers = Array.from({ length: NEWCOMERS }, (_each, n) =>
    client(`newcomer-${n}`, `newcomer-${n}.example`, { id_token_signed_response_alg: 'ES256' }),
  );
  const others = Array.from({ length: CLIENTS - acme.length - newcomers.length }, (_each, n) =>
    client(`other-${n}`, `other-${n}.example`),
  );
  return [
    { id: 'acme', name: 'Acme', clients: [...acme, ...newcomers] },
    { id: 'others', name: 'Others', clients: others },
  ];
}
