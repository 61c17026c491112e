import { createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ChangeKind } from '../../../src/database/changes.ts';
import { appendChange } from '../../../src/database/changes.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction, openDatabase, type Connection } from '../../../src/database/connection.ts';
import { insertSession, revokeGrant } from '../../../src/database/sessions.ts';
import { endUser } from '../../../src/database/subject-marks.ts';
import { Refusal } from '../../../src/errors.ts';
import { deleteClient } from '../../../src/vendors/client-store.ts';
import { RedirectTargets } from '../../../src/vendors/redirect-targets.ts';
import { Registry, type RegistryOptions } from '../../../src/vendors/registry.ts';
import { rolloutSet } from '../../../src/vendors/rollout.ts';
import { describeOnEachDialect, freshDatabase, type TestDatabase } from '../../support/database.ts';
import { ACME, Bench, listeningLogger } from './support.ts';

const SECOND = `
vendors:
  - id: globex
    clients:
      - client_id: globex-app
        redirect_uris: ['https://globex.example/cb?tenant=1']
        phase: shadow
`;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

function reasonOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
  return undefined;
}

describeOnEachDialect('the registry', (open) => {
  let database: TestDatabase;
  let db: Connection;
  let bench: Bench;
  let registries: Registry[];
  beforeEach(async () => {
    database = await open.fresh();
    db = database.db;
    bench = new Bench();
    registries = [];
  });
  afterEach(() => Promise.all(registries.map((registry) => registry.close())));

  async function follow(more: Partial<RegistryOptions> = {}): Promise<Registry> {
    const registry = await Registry.open({
      db: database.connect(),
      atRest: bench.atRest,
      clock: bench.clock,
      maxStalenessSeconds: 60,
      pollMilliseconds: 10,
      log: listeningLogger().log,
      ...more,
    });
    registries.push(registry);
    return registry;
  }

  it('serves what is there when it opens', async () => {
    await bench.apply(db, ACME);
    const registry = await follow();
    expect(registry.find('acme-web')).toMatchObject({
      vendorId: 'acme',
      clientSecret: 'vendor-secret',
    });
    expect(registry.find('ACME-web')).toBeUndefined();
    expect(registry.vendor('acme')?.name).toBe('Acme Learning');
    expect(registry.clients()).toHaveLength(1);
    expect(registry.isRedirectTarget(new URL('https://acme.example/callback?code=1'))).toBe(true);
    expect(registry.isRedirectOrigin('https://acme.example')).toBe(true);
    expect(registry.databaseUp).toBe(true);
  });

  it('takes up by itself what is created, changed, rolled out, deleted and revoked', async () => {
    const seen: ChangeKind[] = [];
    const registry = await follow({ onChange: (kinds) => seen.push(...kinds) });
    await bench.apply(db, ACME);
    await until(() => registry.find('acme-web') !== undefined);
    expect(registry.change).toBe(registry.find('acme-web')?.notBefore);

    await bench.apply(db, ACME.replace('[name, locale]', '[]').replace('Learning', 'Teaching'));
    await until(() => registry.find('acme-web')?.releaseClaims.length === 0);
    await until(() => registry.vendor('acme')?.name === 'Acme Teaching');

    const phase = { clientId: 'acme-web', phase: 'shadow', actor: 'ann' } as const;
    await rolloutSet(bench.context(db), phase);
    await until(() => registry.find('acme-web')?.phases.at(-1)?.phase === 'shadow');

    await inTransaction(db, (trx) => appendChange(trx, 'keys', 'k1', bench.now));
    await until(() => seen.includes('keys'));

    await db.transaction((trx) =>
      insertSession(trx, {
        grantId: 'grant-1',
        clientId: 'acme-web',
        sector: 'acme.example',
        userIndex: Buffer.alloc(32),
        createdAt: bench.now,
        expiresAt: new Date(bench.now.getTime() + 1000),
      }),
    );
    expect(registry.isRevoked('grant-1')).toBe(false);
    await revokeGrant(db, 'grant-1', bench.now);
    await until(() => registry.isRevoked('grant-1'));

    await inTransaction(db, (trx) => deleteClient(trx, 'acme-web', { at: bench.now }));
    await until(() => registry.find('acme-web') === undefined);
    expect(registry.isRedirectOrigin('https://acme.example')).toBe(false);
    expect(new Set(seen)).toEqual(new Set(['client', 'vendor', 'keys', 'grant', 'subject']));
  });

  it('knows the revoked grants when it opens, until they expire', async () => {
    await bench.apply(db, ACME);
    await db.transaction((trx) =>
      insertSession(trx, {
        grantId: 'grant-1',
        clientId: 'acme-web',
        sector: 'acme.example',
        userIndex: Buffer.alloc(32),
        createdAt: bench.now,
        expiresAt: new Date(bench.now.getTime() + 60_000),
      }),
    );
    await revokeGrant(db, 'grant-1', bench.now);
    expect((await follow()).isRevoked('grant-1')).toBe(true);
    bench.later(120);
    expect((await follow()).isRevoked('grant-1')).toBe(false);
  });

  it('ends what was settled for a user before a mark, and nothing of another user', async () => {
    const [alice, bob] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const registry = await follow();
    const before = registry.change;
    const position = await inTransaction(db, (trx) => endUser(trx, bench.atRest, alice, bench.now));
    await until(() => registry.isEnded(alice, before));
    expect(registry.isEnded(alice, position - 1)).toBe(true);
    expect(registry.isEnded(alice, position)).toBe(false);
    expect(registry.isEnded(bob, before)).toBe(false);

    const again = await inTransaction(db, (trx) => endUser(trx, bench.atRest, alice, bench.now));
    await until(() => registry.isEnded(alice, position));
    expect(registry.isEnded(alice, again)).toBe(false);
    expect((await follow()).isEnded(alice, position)).toBe(true);
  });

  it('holds at once what this process changed, after a refresh', async () => {
    const registry = await follow({ pollMilliseconds: 600_000 });
    await bench.apply(db, ACME);
    expect(registry.find('acme-web')).toBeUndefined();
    await registry.refresh();
    expect(registry.find('acme-web')).toBeDefined();
  });

  it('reads everything anew where the log has a gap or ends before it', async () => {
    await bench.apply(db, ACME);
    const registry = await follow({ pollMilliseconds: 600_000 });
    await bench.apply(db, SECOND);
    await bench.apply(db, SECOND.replace('/cb', '/callback'));
    await db('changes')
      .where('position', '<=', registry.change + 2)
      .delete();
    await registry.refresh();
    expect(registry.clients()).toHaveLength(2);

    await db('changes').delete();
    await db('change_head').update({ position: 1 });
    await db('phase_changes')
      .where({ client_id: bytes('acme-web') })
      .delete();
    await db('clients')
      .where({ client_id: bytes('acme-web') })
      .delete();
    await registry.refresh();
    expect(registry.change).toBe(1);
    expect(registry.clients()).toHaveLength(1);
  });

  it('leaves out a client that cannot be read, says so, and serves the others', async () => {
    await bench.apply(db, ACME);
    await bench.apply(db, SECOND);
    await db('clients')
      .where({ client_id: bytes('acme-web') })
      .update({ client_secret: Buffer.from('tampered with') });
    const { log, lines } = listeningLogger();
    const registry = await follow({ log });
    expect(registry.find('acme-web')).toBeUndefined();
    expect(registry.find('globex-app')).toBeDefined();
    expect(lines.join()).toContain('client cannot be read');
  });

  it('refuses to open on a database without a schema', async () => {
    const empty = await open.empty();
    await expect(follow({ db: empty.db })).rejects.toThrow();
  });
});

/** A way to the database that can be cut and mended, as networks are. */
class Line {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #whole = true;

  constructor(port: number, host: string) {
    this.#server = createServer((incoming) => {
      if (!this.#whole) {
        incoming.destroy();
        return;
      }
      const outgoing = connect(port, host);
      for (const socket of [incoming, outgoing]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
      }
      incoming.pipe(outgoing).pipe(incoming);
    });
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

// A SQLite file is not behind a line that can be cut.
describe('the registry over an outage of the database server', () => {
  it('goes on for the allowed staleness, then refuses, and recovers by itself', async () => {
    const database = await freshDatabase('mysql');
    if (database.location.dialect !== 'mysql') throw new Error('unreachable');
    const url = new URL(database.location.url);
    const line = new Line(Number(url.port || 3306), url.hostname);
    url.hostname = '127.0.0.1';
    url.port = String(await line.open());
    const db = openDatabase({ dialect: 'mysql', url: url.href });
    const bench = new Bench();
    await bench.apply(database.db, ACME);
    const { log, lines } = listeningLogger();

    line.cut();
    const registry = await Registry.open({
      db,
      atRest: bench.atRest,
      clock: bench.clock,
      maxStalenessSeconds: 60,
      pollMilliseconds: 10,
      log,
    });
    try {
      expect(registry.databaseUp).toBe(false);
      expect(reasonOf(() => registry.find('acme-web'))).toBe('configuration_stale');
      expect(reasonOf(() => registry.isRevoked('any'))).toBe('configuration_stale');

      line.mend();
      await until(() => registry.databaseUp);
      expect(registry.find('acme-web')).toBeDefined();

      line.cut();
      await until(() => !registry.databaseUp);
      bench.later(59);
      expect(registry.find('acme-web')).toBeDefined();
      bench.later(2);
      expect(reasonOf(() => registry.find('acme-web'))).toBe('configuration_stale');
      expect(reasonOf(() => registry.isRedirectTarget(new URL('https://x.example')))).toBe(
        'configuration_stale',
      );
      await expect(registry.refresh()).rejects.toMatchObject({ reason: 'database_unavailable' });

      await bench.apply(database.db, SECOND);
      line.mend();
      await until(() => registry.databaseUp);
      expect(registry.find('globex-app')).toBeDefined();
      expect(lines).toEqual([
        'error: change log cannot be read',
        'info: change log can be read again',
        'error: change log cannot be read',
        'info: change log can be read again',
      ]);
    } finally {
      await registry.close();
      await db.destroy();
      await line.close();
      await database.close();
    }
  });
});

describe('redirect targets', () => {
  const targets = new RedirectTargets([
    {
      metadata: {
        application_type: 'web',
        post_logout_redirect_uris: [],
        redirect_uris: ['https://acme.example/cb?tenant=1', 'http://localhost:3000/cb'],
      },
    },
    {
      metadata: {
        application_type: 'native',
        post_logout_redirect_uris: [],
        redirect_uris: ['com.acme.app:/cb', 'http://127.0.0.1/cb'],
      },
    },
  ] as ConstructorParameters<typeof RedirectTargets>[0]);

  it.each([
    'https://acme.example/cb?tenant=1&code=x',
    'https://acme.example:443/cb?code=x&tenant=1#fragment',
    'http://localhost:3000/cb?code=x',
    'com.acme.app:/cb?code=x',
    'http://127.0.0.1:54321/cb?code=x',
  ])('are known with what a response adds: %s', (url) => {
    expect(targets.has(new URL(url))).toBe(true);
  });

  it.each([
    'https://acme.example/cb?code=x',
    'https://acme.example/cb/?tenant=1',
    'https://acme.example.evil.example/cb?tenant=1',
    'http://acme.example/cb?tenant=1',
    'http://localhost:3001/cb',
    'com.acme.app:/other',
    'com.evil.app:/cb',
  ])('are no others: %s', (url) => {
    expect(targets.has(new URL(url))).toBe(false);
  });
});
