import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { createLogger } from '../../../src/observability/logger.ts';
import { createInitialToken } from '../../../src/operations/initial-tokens.ts';
import { prepareClient, withdrawPreparedClient } from '../../../src/operations/prepared-clients.ts';
import { removeVendor } from '../../../src/operations/remove-vendor.ts';
import {
  checkSectorDocuments,
  mustBeVouchedForAll,
} from '../../../src/operations/sector-documents.ts';
import { openGuardedExchange } from '../../../src/outbound/guarded-exchange.ts';
import type { ExchangePool } from '../../../src/upstream/exchange.ts';
import { applyRegistrations } from '../../../src/vendors/apply.ts';
import { readRegistrations } from '../../../src/vendors/registration.ts';
import { findInitialToken, useInitialToken } from '../../../src/vendors/registration-store.ts';
import { readSectorChecks } from '../../../src/vendors/sector-check-store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import type { Listening } from '../../support/listen.ts';
import { listenTls } from '../../support/tls-listen.ts';

const HOUR = 3_600_000;
const BY = { actor: 'test' };
const REDIRECT_URIS = ['https://a.acme.example/callback', 'https://b.acme.example/callback'];
const served = { asked: 0, body: JSON.stringify(REDIRECT_URIS) };
let vendor: Listening;
let pool: ExchangePool;
beforeAll(async () => {
  vendor = await listenTls((_request, response) => {
    served.asked += 1;
    response.setHeader('content-type', 'application/json').end(served.body);
  });
  pool = openGuardedExchange({ mayBePrivate: (origin) => origin.startsWith('https://localhost') });
});
afterAll(async () => {
  await pool.close();
  await vendor.close();
});

describeOnEachDialect('registration', (open) => {
  let now = Date.now();
  const lines: string[] = [];
  const log = createLogger({
    level: 'error',
    destination: { write: (line) => void lines.push(line) },
  });
  const setUp = async () => {
    const { db } = await open.fresh();
    const atRest = new AtRest(randomBytes(32));
    const clock = () => new Date(now);
    const context = { db, atRest, clock, log, vendorExchange: pool.exchange };
    const document = (uris = REDIRECT_URIS) =>
      readRegistrations(
        {
          vendors: [
            {
              id: 'acme',
              clients: [
                {
                  ...{ client_id: 'acme-web', client_secret: 'a secret of the vendor' },
                  upstream: { client_id: 'legacy-acme', client_secret: 'a secret of ours' },
                  redirect_uris: uris,
                  sector_identifier_uri: `https://localhost:${vendor.port}/sector.json`,
                },
              ],
            },
            { id: 'bolt' },
          ],
        },
        { env: () => undefined, file: () => '' },
      );
    await applyRegistrations({ db, atRest }, document(), {
      ...{ ...BY, at: clock(), sectorChange: 'refused' },
    });
    return { ...context, document };
  };

  it('lets a token be used as often as it says, by however many at once', async () => {
    const { db, clock } = await setUp();
    const wanted = { vendorId: 'acme', uses: 2, days: 1 };
    const { token, id } = await createInitialToken({ db, clock }, wanted, BY);
    expect(await findInitialToken(db, token, clock())).toMatchObject({ id, usesLeft: 2 });
    const uses = [1, 2, 3, 4].map(() =>
      inTransaction(db, (trx) => useInitialToken(trx, id, clock())),
    );
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(2);
    expect(await findInitialToken(db, token, clock())).toBeUndefined();
  });

  it('forgets a token at its time, and with its vendor', async () => {
    const { db, clock } = await setUp();
    const wanted = { vendorId: 'bolt', uses: 5, days: 1 };
    const { token } = await createInitialToken({ db, clock }, wanted, BY);
    const tomorrow = new Date(now + 24 * HOUR);
    expect(await findInitialToken(db, token, tomorrow)).toBeUndefined();
    await removeVendor({ db, clock }, { vendorId: 'bolt' }, BY);
    expect(await findInitialToken(db, token, clock())).toBeUndefined();
  });

  it('prepares no client of the upstream twice, nor one in use', async () => {
    const context = await setUp();
    const prepared = { vendorId: 'acme', upstreamClientId: 'legacy-1', clientSecret: 'secret' };
    await prepareClient(context, prepared, BY);
    for (const upstreamClientId of ['legacy-1', 'legacy-acme']) {
      const again = { ...prepared, vendorId: 'bolt', upstreamClientId };
      await expect(prepareClient(context, again, BY)).rejects.toThrow(/legacy/);
    }
    await withdrawPreparedClient(context, prepared, BY);
    await expect(withdrawPreparedClient(context, prepared, BY)).rejects.toThrow('No client');
  });

  it('fetches a document at apply only where the claim is new', async () => {
    const context = await setUp();
    served.asked = 0;
    await mustBeVouchedForAll(context, context.document());
    expect(served.asked).toBe(0);
    const more = [...REDIRECT_URIS, 'https://c.acme.example/callback'];
    await expect(mustBeVouchedForAll(context, context.document(more))).rejects.toThrow(
      /sector_identifier_uri.*lacks https:\/\/c\.acme\.example\/callback/,
    );
    expect(served.asked).toBe(1);
  });

  it('looks again every day, and tells once when a document fails and once when it is well', async () => {
    const context = await setUp();
    const acts = async () =>
      (await context.db('audit_log').where('act', 'like', 'sector_document%').select('act')).map(
        ({ act }: { act: string }) => act,
      );
    expect(await checkSectorDocuments(context)).toBe(1);
    expect(await checkSectorDocuments(context)).toBe(0);
    expect(await acts()).toEqual([]);
    now += 24 * HOUR;
    served.body = '[]';
    lines.length = 0;
    expect(await checkSectorDocuments(context)).toBe(1);
    now += HOUR;
    expect(await checkSectorDocuments(context)).toBe(1);
    expect(await acts()).toEqual(['sector_document.failed']);
    expect(lines.filter((line) => line.includes('does not hold'))).toHaveLength(2);
    const failing = (await readSectorChecks(context.db)).get('acme-web');
    expect(failing?.failingSince).toEqual(new Date(now - HOUR));
    served.body = JSON.stringify(REDIRECT_URIS);
    now += HOUR;
    await checkSectorDocuments(context);
    expect(await acts()).toEqual(['sector_document.failed', 'sector_document.recovered']);
  });

  it('lets one replica look where several are due', async () => {
    const context = await setUp();
    const looked = await Promise.all([1, 2, 3].map(() => checkSectorDocuments(context)));
    expect(looked.reduce((sum, each) => sum + each)).toBe(1);
  });
});

describe('a token that is asked for', () => {
  it.each([
    { uses: 0, days: 1 },
    { uses: 1001, days: 1 },
    { uses: 1, days: 0 },
    { uses: 1.5, days: 1 },
    { uses: 1, days: 367 },
  ])('has sensible limits: %j', async (limits) => {
    const never = { clock: () => new Date() } as Parameters<typeof createInitialToken>[0];
    await expect(createInitialToken(never, { vendorId: 'acme', ...limits }, BY)).rejects.toThrow(
      /range/,
    );
  });
});
