import { randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { readChanges } from '../../../src/database/changes.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import {
  insertSession,
  purgeSessions,
  revokedGrants,
  revokeGrant,
} from '../../../src/database/sessions.ts';
import type { SessionRow } from '../../../src/database/sessions.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const session = (grantId: string): SessionRow => ({
  grantId,
  clientId: 'acme-web',
  sector: 'acme.example',
  userIndex: randomBytes(32),
  sid: 's1',
  upstreamSidIndex: randomBytes(32),
  createdAt: new Date(1_000),
  expiresAt: new Date(9_000),
});
const at = new Date(2_000);

describeOnEachDialect('grants', (open) => {
  test('are ended once, and every replica is told in the same transaction', async () => {
    const database = await open.fresh();
    const { db } = database;
    for (const id of ['g1', 'G1'])
      await inTransaction(db, (trx) => insertSession(trx, session(id)));
    const endings = await Promise.all(
      [db, database.connect(), database.connect()].map((replica) => revokeGrant(replica, 'g1', at)),
    );
    expect(endings.filter(Boolean)).toHaveLength(1);
    expect(await readChanges(db, 0)).toEqual([{ position: 1, kind: 'grant', target: 'g1', at }]);
    expect(await revokedGrants(db, at)).toEqual(['g1']);
  });

  test('that do not exist cannot be ended', async () => {
    const { db } = await open.fresh();
    expect(await revokeGrant(db, 'nothing', at)).toBe(false);
    expect(await readChanges(db, 0)).toEqual([]);
  });

  test('leave the list of the revoked when they expire, and the table when purged', async () => {
    const { db } = await open.fresh();
    await inTransaction(db, (trx) => insertSession(trx, session('g1')));
    await revokeGrant(db, 'g1', at);
    expect(await revokedGrants(db, new Date(8_999))).toEqual(['g1']);
    expect(await revokedGrants(db, new Date(9_000))).toEqual([]);
    expect(await purgeSessions(db, new Date(8_999))).toBe(0);
    expect(await purgeSessions(db, new Date(9_000))).toBe(1);
  });
});
