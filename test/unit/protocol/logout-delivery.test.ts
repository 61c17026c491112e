import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { deleteDeliveriesOf, insertDelivery } from '../../../src/database/logout-deliveries.ts';
import { LogoutDeliveries } from '../../../src/grants/logout-deliveries.ts';
import { LogoutCourier } from '../../../src/protocol/logout-delivery.ts';
import { generateSigningKey, importSigningKey } from '../../../src/tokens/signing-keys.ts';
import type { SigningKey } from '../../../src/tokens/signing-keys.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import type { ExchangePool } from '../../../src/upstream/exchange.ts';
import type { Client } from '../../../src/vendors/client.ts';
import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import type { LogoutReceiver } from '../../support/logout-receiver.ts';
import { startLogoutReceiver } from '../../support/logout-receiver.ts';
import { clientIn } from '../subjects/replica.ts';

/*
 * A vendor that is away is told again; one that says no is not, and one that nobody
 * knows any more is told nothing. None of it is lost, and none told by two replicas.
 */
let database: TestDatabase;
let receiver: LogoutReceiver;
let pool: ExchangePool;
let key: SigningKey;
let now = new Date('2030-01-01T00:00:00.000Z');
const atRest = new AtRest(Buffer.alloc(32, 5));
const clients = new Map<string, Client>();
const said: unknown[] = [];

beforeAll(async () => {
  database = await freshDatabase('sqlite');
  receiver = await startLogoutReceiver();
  pool = createExchange();
  const imported = await importSigningKey(await generateSigningKey('ES256', now));
  if (!imported.ok) throw new Error(imported.reason);
  key = imported.value;
  const { metadata, ...rest } = clientIn('acme.example');
  const withAddress = { ...metadata, backchannel_logout_uri: receiver.uri };
  clients.set('acme', { ...rest, clientId: 'acme', metadata: withAddress });
  clients.set('quiet', { ...rest, clientId: 'quiet', metadata });
});
afterAll(async () => {
  await pool.close();
  await receiver.close();
  await database.close();
});
afterEach(() => {
  receiver.tokens.length = 0;
  said.length = 0;
});

function courier(): LogoutCourier {
  const note = (fields: unknown): void => void said.push(fields);
  return new LogoutCourier({
    ...{ issuer: 'https://login.example', exchange: pool.exchange, clock: () => now },
    clients: { find: (clientId) => clients.get(clientId) },
    deliveries: new LogoutDeliveries(database.db, atRest),
    signingKey: () => key,
    log: { info: note, warn: note },
  });
}

async function noted(clientId: string, about: { sub?: string; sid?: string } = { sid: 's' }) {
  const times = { now, expiresAt: new Date(now.getTime() + 7_200_000) };
  await database.db.transaction((trx) =>
    insertDelivery(trx, atRest, { clientId, sub: undefined, sid: undefined, ...about }, times),
  );
}

async function waiting(): Promise<number> {
  return (await database.db('logout_deliveries').select('id')).length;
}

function later(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000);
}

describe('a logout token for a vendor', () => {
  it('is told once, about what it knows', async () => {
    await noted('acme', { sub: 'pseudonym', sid: 'session' });
    await Promise.all([courier().deliver(), courier().deliver()]);
    expect(receiver.tokens).toHaveLength(1);
    const claims = JSON.parse(
      Buffer.from(receiver.tokens[0]?.split('.')[1] ?? '', 'base64url').toString(),
    ) as unknown;
    expect(claims).toMatchObject({ aud: 'acme', sub: 'pseudonym', sid: 'session' });
    expect(await waiting()).toBe(0);
  });

  it.each([400, 404, 410])('is not told again where it answers %i', async (status) => {
    receiver.statuses.push(status);
    await noted('acme');
    await courier().deliver();
    expect(said).toMatchObject([{ client: 'acme', outcome: 'refused', attempt: 1 }]);
    expect(await waiting()).toBe(0);
  });

  it.each([408, 429, 500, 503])('is told again, later, where it answers %i', async (status) => {
    receiver.statuses.push(status);
    await noted('acme');
    await courier().deliver();
    await courier().deliver();
    expect(receiver.tokens).toHaveLength(1);
    later(10);
    await courier().deliver();
    expect(receiver.tokens).toHaveLength(2);
    expect(said).toMatchObject([{ outcome: 'failed' }, { outcome: 'delivered', attempt: 2 }]);
    expect(await waiting()).toBe(0);
  });

  it('is given up after some attempts', async () => {
    receiver.statuses.push(...Array.from({ length: 6 }, () => 503));
    await noted('acme');
    for (const wait of [0, 10, 30, 120, 600, 1800]) {
      later(wait);
      await courier().deliver();
    }
    expect(receiver.tokens).toHaveLength(6);
    expect(await waiting()).toBe(0);
  });

  /*
   * A row that was changed, or is of another key, must hold up nobody else's; nor may it keep a
   * user from being erased.
   */
  it('does not wait for one that does not open, of which the log tells once', async () => {
    await noted('acme', { sub: 'changed' });
    const [row] = await database.db('logout_deliveries').select<{ contents: Buffer }[]>('contents');
    const contents = Buffer.from(row?.contents ?? []);
    contents[contents.length - 1] = (contents.at(-1) ?? 0) ^ 1;
    await database.db('logout_deliveries').update({ contents });
    await noted('acme', { sub: 'pseudonym' });
    await Promise.all([courier().deliver(), courier().deliver()]);
    later(60);
    await courier().deliver();
    expect(receiver.tokens).toHaveLength(1);
    expect(said).toMatchObject([
      { client: 'acme', event: 'delivery_abandoned', queue: 'logout' },
      { client: 'acme', outcome: 'delivered' },
    ]);
    const [id, sector] = [Buffer.from('acme'), Buffer.from('acme.example')];
    await database.db('vendors').insert({
      ...{ id, name: 'Acme', contacts: '[]', one_sector: false },
      ...{ allowed_subject_types: '["pairwise"]', created_at: 1, updated_at: 1 },
    });
    await database.db('sectors').insert({ sector, vendor_id: id, created_at: 1 });
    await database.db('clients').insert({
      ...{ client_id: id, vendor_id: id, sector, subject_type: 'pairwise', metadata: '{}' },
      ...{ upstream_shared: false, has_upstream: false, accept_bypass: false },
      ...{ release_claims: '[]', continuity_days: 30, created_at: 1, updated_at: 1 },
    });
    const user = { subs: ['somebody'], sids: [] };
    await database.db.transaction((trx) => deleteDeliveriesOf(trx, atRest, 'acme.example', user));
    expect(await waiting()).toBe(0);
  });

  it.each(['unknown', 'quiet'])('is forgotten where there is nowhere to tell: %s', async (id) => {
    await noted(id);
    await courier().deliver();
    expect(receiver.tokens).toHaveLength(0);
    expect(await waiting()).toBe(0);
  });
});
