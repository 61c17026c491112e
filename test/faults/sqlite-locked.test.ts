import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { VendorByHand } from '../support/by-hand.ts';
import { vendorByHand } from '../support/by-hand.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

let world: World;
let acme: VendorByHand;
beforeAll(async () => {
  world = await createWorld([{ id: 'acme' }]);
  acme = vendorByHand(world, 'acme');
});
afterAll(() => world.close());

it('a SQLite file that another process keeps locked refuses codes, and nothing else', async () => {
  const tokens = await acme.logIn(new Browser());
  const begun = await acme.begin(new Browser());
  const { location } = world.database;
  const other = new DatabaseSync(location.dialect === 'sqlite' ? location.file : '');
  other.exec('BEGIN IMMEDIATE');
  try {
    await expectRefused(
      world,
      {
        ...{ status: 503, error: 'temporarily_unavailable', retryAfter: 5 },
        reason: 'database_unavailable',
      },
      () => acme.redeem(begun),
      [begun.code],
    );
    expect((await acme.userinfo(tokens.accessToken)).status).toBe(200);
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
  await expect(acme.logIn(new Browser())).resolves.toBeDefined();
});
