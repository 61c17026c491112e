import { expect, test } from 'vitest';

import { insertSession } from '../../../src/database/sessions.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { countOnDay } from '../../../src/database/daily-activity.ts';
import { GRANT_SECONDS } from '../../../src/grants/lifetime.ts';
import { activity } from '../../../src/operations/activity.ts';
import { refreshTokenExpiry } from '../../../src/protocol/token-issue.ts';
import { rolloutSet } from '../../../src/vendors/rollout.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { Bench } from '../vendors/support.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const DAY = 86_400_000;
const TODAY = Math.floor(NOW.getTime() / DAY);

describeOnEachDialect('activity', (open) => {
  test('counts logins and pseudonyms by day, today last, and clients by their newest phase', async () => {
    const { db } = await open.fresh();
    const bench = new Bench();
    const client = (id: string): string =>
      `      - { client_id: ${id}, redirect_uris: [https://acme.example/${id}], accept_bypass: true }`;
    await bench.apply(
      db,
      `vendors:\n  - id: acme\n    clients:\n${['a', 'b', 'd'].map(client).join('\n')}\n`,
    );
    const change = { clientId: 'a', actor: 'test', phase: 'pairwise', percent: 5 } as const;
    await rolloutSet(bench.context(db), change);
    const logins = ['2026-11-21T23:59:59.999Z', '2026-11-22T00:00:00Z', '2026-11-23T11:00:00Z'];
    await inTransaction(db, async (trx) => {
      for (const [at, login] of logins.entries()) {
        const createdAt = new Date(login);
        await insertSession(trx, {
          ...{ grantId: `g${at}`, clientId: 'c', sector: 's', userIndex: Buffer.alloc(32, at) },
          ...{ createdAt, expiresAt: refreshTokenExpiry(createdAt) },
        });
      }
      await countOnDay(trx, TODAY - 1, { made: 1, seen: 2 });
      await countOnDay(trx, TODAY - 1, { made: 3, seen: 0 });
      await countOnDay(trx, TODAY - 9, { made: 9, seen: 9 });
    });
    const { days, phases } = await activity({ db, clock: () => NOW }, 3);
    expect(days).toEqual([
      { day: '2026-11-21', logins: 1, newPseudonyms: 0, usersSeen: 0 },
      { day: '2026-11-22', logins: 1, newPseudonyms: 4, usersSeen: 2 },
      { day: '2026-11-23', logins: 1, newPseudonyms: 0, usersSeen: 0 },
    ]);
    expect(phases.toSorted((one, other) => one.clients - other.clients)).toEqual([
      { phase: 'pairwise', narrowed: true, clients: 1 },
      { phase: 'pairwise', narrowed: false, clients: 2 },
    ]);
  });
});

test('a grant ends as long after its login as logins are looked for', () => {
  expect(refreshTokenExpiry(NOW).getTime() - NOW.getTime()).toBe(GRANT_SECONDS * 1000);
});
