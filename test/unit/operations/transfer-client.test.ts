import { beforeEach, expect, it } from 'vitest';

import { listAudit } from '../../../src/audit/read-store.ts';
import { createMappingToken } from '../../../src/operations/mapping-tokens.ts';
import { transferClient, type TransferClient } from '../../../src/operations/transfer-client.ts';
import { findMappingToken } from '../../../src/vendors/mapping-token-store.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { openStream, readStream } from '../../../src/database/event-streams.ts';
import { readClient, SectorChangeError } from '../../../src/vendors/client-store.ts';
import {
  ConflictError,
  RegistrationError,
  StaleError,
  UnknownError,
} from '../../../src/vendors/problem.ts';
import { Registry } from '../../../src/vendors/registry.ts';
import { findRegistration, insertRegistration } from '../../../src/vendors/registration-store.ts';
import {
  insertUpstreamClient,
  readUpstreamClients,
  type UpstreamClient,
} from '../../../src/vendors/upstream-client-store.ts';
import { readSectorOwners } from '../../../src/vendors/vendor-store.ts';
import { describeOnEachDialect, type TestDatabase } from '../../support/database.ts';
import { Bench, giveSubject, listeningLogger } from '../vendors/support.ts';

const BY = { actor: 'cli:ada', reason: 'acme sold its school' } as const;

const entry = (id: string, more = ''): string => `
      - client_id: ${id}
        client_secret: secret-of-the-vendor-${id}
        upstream: { client_id: up-${id}, client_secret: secret-of-ours-${id} }
        ${more}`;
const host = (name: string): string => `redirect_uris: [https://${name}/callback]`;

const DOCUMENT = `
vendors:
  - id: acme
    clients:
${entry(
  'acme-web',
  `${host('acme.example')}
        backchannel_logout_uri: https://acme.example/logout
        migration: { mode: dual, claim: legacy_sub, until: 2031-01-01 }
        events: { delivery: push, endpoint_url: 'https://acme.example/events', authorization_header: 'Bearer secret' }`,
)}
${entry('acme-app', host('app.acme.example'))}
${entry('acme-tv', host('app.acme.example'))}
  - id: bolt
    clients:
${entry('bolt-web', host('bolt.example'))}
  - id: single
    one_sector: true
    clients:
${entry('single-web', host('single.example'))}
${entry('single-api', host('api.single.example'))}
  - id: lone
    one_sector: true
    clients:
${entry('lone-web', host('lone.example'))}
`;

describeOnEachDialect('the transfer of a client to another vendor', (open) => {
  let bench: Bench;
  let database: TestDatabase;
  let db: TestDatabase['db'];
  beforeEach(async () => {
    bench = new Bench();
    database = await open.fresh();
    db = database.db;
    await bench.apply(db, DOCUMENT);
    for (const sector of ['acme.example', 'app.acme.example', 'vendor:lone']) {
      await giveSubject(db, sector, 'alice');
      await giveSubject(db, sector, 'bob');
    }
  });

  const transfer = (request: TransferClient, sectorChange: 'allowed' | 'refused' = 'refused') =>
    transferClient(bench.context(db), { ...request, sectorChange }, BY);
  const clientNow = async (id: string) => (await readClient(db, bench.atRest, id)).client;
  const pseudonyms = (): Promise<unknown[]> => db('pseudonyms').orderBy('sub').select();

  it('takes the sector and its pseudonyms along where no other client is in it', async () => {
    const before = await pseudonyms();
    const done = await transfer({ clientId: 'acme-web', to: 'bolt' });

    expect(done).toMatchObject({
      ...{ clientId: 'acme-web', from: 'acme', to: 'bolt', users: 2 },
      ...{ fromSector: 'acme.example', toSector: 'acme.example' },
    });
    expect(await pseudonyms()).toEqual(before);
    expect((await readSectorOwners(db)).get('acme.example')).toBe('bolt');
    const client = await clientNow('acme-web');
    expect(client).toMatchObject({
      ...{
        vendorId: 'bolt',
        sector: 'acme.example',
        clientSecret: 'secret-of-the-vendor-acme-web',
      },
      upstream: { clientId: 'up-acme-web', clientSecret: 'secret-of-ours-acme-web' },
      metadata: { backchannel_logout_uri: 'https://acme.example/logout' },
    });
    const [newest] = await listAudit(db, {}, { limit: 1 });
    expect(newest).toMatchObject({
      ...{ act: 'client.transferred', target: 'acme-web', actor: 'cli:ada' },
      details: { from: 'acme', to: 'bolt', sector: 'acme.example' },
    });
  });

  it('ends what the former vendor could do: tokens, registration, mapping, events, original subjects', async () => {
    const at = bench.now;
    const upstream = {
      ...{ id: 'u1', vendorId: 'acme', clientId: 'acme-web', upstreamClientId: 'up-acme-web' },
      state: 'bound',
      clientSecret: undefined,
      ...{ authenticationMethod: undefined, management: undefined, createdAt: at },
    } satisfies UpstreamClient;
    await inTransaction(db, async (trx) => {
      const row = { clientId: 'acme-web', initialTokenId: 'i1', createdAt: at };
      await insertRegistration(trx, 'of-acme', row);
      await insertUpstreamClient(trx, bench.atRest, upstream);
      const prepared = { ...upstream, id: 'u2', state: 'prepared', clientId: undefined } as const;
      await insertUpstreamClient(trx, bench.atRest, { ...prepared, upstreamClientId: 'up-next' });
    });
    const asked = { clientId: 'acme-web', days: 7 };
    const mapping = await createMappingToken(bench.context(db), asked, BY);
    await openStream(db, 'client:acme-web');
    const { notBefore } = await clientNow('acme-web');

    await transfer({ clientId: 'acme-web', to: 'bolt' });

    expect(await findRegistration(db, 'acme-web', 'of-acme')).toBeUndefined();
    expect(await findMappingToken(db, mapping.token, at)).toBeUndefined();
    expect(await readStream(db, 'client:acme-web')).toBeUndefined();
    const client = await clientNow('acme-web');
    expect(client.notBefore).toBeGreaterThan(notBefore);
    expect(client.metadata.events).toBeUndefined();
    expect(client.eventsAuthorization).toBeUndefined();
    expect(client.metadata.migration).toBeUndefined();
    const of = async (vendorId: string) =>
      (await readUpstreamClients(db, bench.atRest, { vendorId })).map(({ id }) => id);
    expect([await of('acme'), await of('bolt')]).toEqual([['u2'], ['u1']]);
  });

  it('refuses a sector that others share, or that is named after the vendor, and says how many it concerns', async () => {
    const shared = transfer({ clientId: 'acme-app', to: 'bolt' });
    await expect(shared).rejects.toThrow(
      new ConflictError(
        'The sector "app.acme.example" cannot go along: the client "acme-tv" is in it too. ' +
          'Give the client a new one (--new-sector), which changes the subject of 2 users.',
      ),
    );
    for (const clientId of ['single-api', 'lone-web']) {
      await expect(transfer({ clientId, to: 'bolt' })).rejects.toThrow('cannot go along');
    }
    expect((await clientNow('lone-web')).vendorId).toBe('lone');
  });

  it('gives the client a new sector only when the change of subjects is allowed', async () => {
    const request = { clientId: 'acme-app', to: 'bolt', newSector: 'bolt-app' };
    const refused = transfer(request);
    await expect(refused).rejects.toBeInstanceOf(SectorChangeError);
    await expect(refused).rejects.toMatchObject({ users: 2 });
    const before = await pseudonyms();
    expect(await transfer(request, 'allowed')).toMatchObject({ toSector: 'bolt-app', users: 2 });
    expect(await pseudonyms()).toEqual(before);
    const owners = await readSectorOwners(db);
    expect([owners.get('app.acme.example'), owners.get('bolt-app')]).toEqual(['acme', 'bolt']);
    expect(await clientNow('acme-app')).toMatchObject({ vendorId: 'bolt', sector: 'bolt-app' });
    expect(await clientNow('acme-tv')).toMatchObject({ vendorId: 'acme' });
  });

  it('never lets a client into the sector of a third vendor, or of the one it left', async () => {
    for (const newSector of ['acme.example', 'vendor:single', 'not a sector']) {
      const wrong = transfer({ clientId: 'acme-app', to: 'bolt', newSector }, 'allowed');
      await expect(wrong).rejects.toBeInstanceOf(RegistrationError);
    }
  });

  it('keeps the sector at a vendor with one sector, whose own stays apart', async () => {
    await transfer({ clientId: 'acme-web', to: 'single' });
    expect(await clientNow('acme-web')).toMatchObject({
      vendorId: 'single',
      sector: 'acme.example',
    });
    expect((await readSectorOwners(db)).get('vendor:single')).toBe('single');
  });

  it('refuses what is not there, and a vendor that has it', async () => {
    const wrong = [
      [{ clientId: 'nobody', to: 'bolt' }, UnknownError],
      [{ clientId: 'acme-web', to: 'nobody' }, UnknownError],
      [{ clientId: 'acme-web', to: 'acme' }, ConflictError],
      [{ clientId: 'acme-web', to: 'bolt', revision: 9 }, StaleError],
    ] as const;
    for (const [request, kind] of wrong) {
      await expect(transfer(request)).rejects.toBeInstanceOf(kind);
    }
  });

  it('lets one of two operators win who saw the same state', async () => {
    const { revision } = await readClient(db, bench.atRest, 'acme-web');
    const tried = await Promise.allSettled(
      ['bolt', 'single'].map((to) => {
        const request = { clientId: 'acme-web', to, revision, sectorChange: 'refused' } as const;
        return transferClient(bench.context(database.connect()), request, BY);
      }),
    );
    const [won, lost] = tried.toSorted((a, b) => a.status.localeCompare(b.status));
    expect(won?.status).toBe('fulfilled');
    expect(lost).toMatchObject({ status: 'rejected', reason: expect.any(StaleError) as unknown });
    const { vendorId } = await clientNow('acme-web');
    expect((await readSectorOwners(db)).get('acme.example')).toBe(vendorId);
  });

  it('reaches other replicas through the change log', async () => {
    const { log } = listeningLogger();
    const registry = await Registry.open({
      ...{ db: database.connect(), atRest: bench.atRest, clock: bench.clock, log },
      ...{ maxStalenessSeconds: 60, pollMilliseconds: 3_600_000 },
    });
    try {
      expect(registry.find('acme-web')?.vendorId).toBe('acme');
      await transfer({ clientId: 'acme-web', to: 'bolt' });
      await registry.refresh();
      expect(registry.find('acme-web')).toMatchObject({ vendorId: 'bolt', sector: 'acme.example' });
    } finally {
      await registry.close();
    }
  });
});
