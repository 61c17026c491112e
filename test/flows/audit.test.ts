import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { AuditRecord } from '../../src/audit/read-store.ts';
import { eachAudit, readSegment } from '../../src/audit/read-store.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { rolloutRollback, rolloutSet } from '../../src/vendors/rollout.ts';
import { Browser } from '../support/browser.ts';
import { vendorByHand } from '../support/by-hand.ts';
import type { TestDatabase } from '../support/database.ts';
import { freshDatabase } from '../support/database.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

/** Longer than a round of the recorder, in milliseconds. */
const ROUND = { timeout: 20_000, interval: 250 };

describe.each(['sqlite', 'mysql'] as const)(
  'the audit log of a running proxy, on %s',
  (dialect) => {
    let world: World;
    let database: TestDatabase;
    beforeAll(async () => {
      database = await freshDatabase(dialect);
      world = await createWorld([{ id: 'acme' }, { id: 'bolt' }], { dialect, database });
    });
    afterAll(() => database.close());

    const rows = async (): Promise<readonly AuditRecord[]> => {
      const found: AuditRecord[] = [];
      for await (const row of eachAudit(database.db)) found.push(row);
      return found;
    };
    const acts = async (): Promise<readonly string[]> => (await rows()).map(({ act }) => act);

    it('tells of vendors, clients, phases and keys', async () => {
      const by = { actor: 'cli:ada', reason: 'a test', requestId: 'r-7' };
      const client = { clientId: 'bolt-web', ...by };
      await rolloutSet(world.proxy.rollout, { ...client, phase: 'shadow' });
      await rolloutRollback(world.proxy.rollout, client);
      const found = await rows();
      const named = found.map(({ act, target }) => `${act} ${target}`);
      expect(named).toEqual(
        expect.arrayContaining([
          'vendor.created acme',
          'client.created bolt-web',
          'phase.set bolt-web',
        ]),
      );
      expect(found.filter(({ act }) => act === 'key.created')).toHaveLength(4);
      expect(found.at(-1)).toMatchObject({ act: 'phase.rolled_back', ...by });
    });

    it('tells who was given a pseudonym and used it, by handle, and of a code that came again with what it ended', async () => {
      const acme = vendorByHand(world, 'acme');
      const begun = await acme.begin(new Browser());
      const answer = await acme.redeem(begun);
      expect(answer.status).toBe(200);
      expect((await acme.redeem(begun)).status).toBe(400);
      expect(await acts()).toContain('grant.revoked');
      await expect.poll(acts, ROUND).toContain('security.code_replayed');
      await expect.poll(acts, ROUND).toContain('pseudonyms.recorded');

      const found = await rows();
      const replayed = found.find(({ act }) => act === 'security.code_replayed');
      expect(replayed).toMatchObject({ actor: 'system', details: { endpoint: 'token' } });
      const logged = world.proxy.log.find(({ reason }) => reason === 'code_replayed');
      expect(replayed?.requestId).toBe(logged?.['requestId']);
      const revoked = found.find(({ act }) => act === 'grant.revoked');
      expect(revoked).toMatchObject({ reason: 'code_replayed' });
      const segment = found.find(({ act }) => act === 'pseudonyms.recorded');
      const held = await readSegment(database.db, segment?.position ?? 0);
      expect(held).toContain(revoked?.handle);
    });

    it('holds no local subject and no pseudonym, and verifies', async () => {
      const { db } = database;
      const subs: { sub: Buffer }[] = await db('pseudonyms').select('sub');
      expect(subs).not.toEqual([]);
      const stored = [
        ...(await db('audit_log').select('*')),
        ...(await db('audit_segments').select('*')),
      ]
        .flatMap((row: object) => Object.values(row))
        .map((value: unknown) =>
          value instanceof Uint8Array ? Buffer.from(value).toString() : String(value),
        )
        .join('\n');
      for (const { sub } of subs) expect(stored).not.toContain(sub.toString());
      expect(stored).not.toContain('alice');
      expect(await verifyAudit(db)).toMatchObject({ intact: true });
    });

    it('has all that was noted when the proxy has ended', async () => {
      const bolt = vendorByHand(world, 'bolt');
      const begun = await bolt.begin(new Browser());
      expect((await bolt.redeem(begun)).status).toBe(200);
      await world.close();
      const segment = (await rows()).findLast(({ act }) => act === 'pseudonyms.recorded');
      expect(await readSegment(database.db, segment?.position ?? 0)).toContain('"made"');
      expect(segment?.details).toMatchObject({ made: 1, used: 1 });
      expect(await database.db('pseudonyms').whereNull('last_used_day')).toEqual([]);
      expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
    });
  },
);
