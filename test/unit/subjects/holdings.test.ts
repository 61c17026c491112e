import { beforeEach, describe, expect, it } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { insertDelivery } from '../../../src/database/logout-deliveries.ts';
import { writeNotice } from '../../../src/database/notices.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { revokeGrant } from '../../../src/database/sessions.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { exportSubject } from '../../../src/operations/export-subject.ts';
import { rotateSubject } from '../../../src/operations/rotate-subject.ts';
import { endGrantsOf, sectorConnection } from '../../../src/subjects/connections.ts';
import { heldInSector } from '../../../src/subjects/holdings.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { freshDatabase } from '../../support/database.ts';
import { BY, setStage } from '../operations/lifecycle.ts';
import type { Stage } from '../operations/lifecycle.ts';
import { freshCode, freshSession, NOW } from './replica.ts';

const SECTOR = 'acme.example';
const DAY = 24 * 3600 * 1000;

let stage: Stage;
let client: Client;
beforeEach(async () => {
  const database = await freshDatabase('sqlite');
  stage = await setStage(database);
  client = await stage.client(SECTOR);
  return () => database.close();
});

function userOf(localSubject: string) {
  const index = stage.replica.subjects.indexOf(client, localSubject);
  if (!index.ok) throw new Error(index.reason);
  return { sector: SECTOR, userIndex: index.value };
}

describe('what is held on a user', () => {
  it('is nothing where nobody is known', async () => {
    expect(await heldInSector(stage.database.db, userOf('alice'))).toBeUndefined();
  });

  it('is told row by row, with the provider’s tokens named and not told', async () => {
    const { database, replica, context } = stage;
    const session = { ...freshSession(), sid: 'sid-1', upstreamIdToken: 'of.the.provider' };
    const arrival = { client, localSubject: 'alice', spend: freshCode(), session };
    await replica.subjects.settle(arrival);
    await replica.subjectOf(client, 'alice');
    await revokeGrant(database.db, session.grantId, NOW);
    const { userIndex } = userOf('alice');
    const reader = { clientId: client.clientId, sector: SECTOR, userIndex };
    await writeNotice(database.db, reader, 'what was shown', NOW);
    const request = { sector: SECTOR, localSubject: 'alice', graceDays: 7, endSessions: false };
    const { oldSub, newSub } = await rotateSubject(context, request, BY);

    const held = await heldInSector(database.db, userOf('alice'));

    const at = NOW.toISOString();
    expect(held?.pseudonyms).toMatchObject([
      { sub: oldSub, retired_at: at, grace_until: new Date(NOW.getTime() + 7 * DAY).toISOString() },
      { sub: newSub, retired_at: null, grace_until: null },
    ]);
    const sessions = [...(held?.sessions ?? [])].toSorted((one) => (one['sid'] === null ? 1 : -1));
    expect(sessions).toMatchObject([
      { sid: 'sid-1', sub: oldSub, revoked_at: at, keeps_id_token: true },
      { sid: null, sub: oldSub, revoked_at: null, keeps_id_token: false },
    ]);
    expect(held?.notices).toEqual([{ client_id: client.clientId, shown: 'what was shown', at }]);
    expect(held?.changes).toEqual([{ old_sub: oldSub, new_sub: newSub, at }]);
    expect(JSON.stringify(held)).not.toContain('of.the.provider');
  });

  it('is told of sessions from before the subject was noted in them', async () => {
    const { database, context, replica } = stage;
    await replica.subjectOf(client, 'alice');
    await database.db('sessions').update({ released_sub: null });
    const { sectors } = await exportSubject(context, 'alice', BY);
    expect(sectors).toMatchObject([{ sessions: [{ sub: null }], vendor: client.vendorId }]);
  });
});

describe('what a user is told of a connection', () => {
  const connection = () => {
    const user = { sector: client.sector, localSubject: 'alice' };
    return sectorConnection(stage.database.db, stage.replica.keyring.index, user);
  };

  it('is nothing without one', async () => {
    expect(await connection()).toBeUndefined();
  });

  it('is since when it is, and the last day of its use', async () => {
    const { database, replica } = stage;
    await replica.subjectOf(client, 'alice');
    const today = Math.floor(NOW.getTime() / DAY);
    expect(await connection()).toEqual({
      ...{ since: NOW, lastUsed: new Date(today * DAY) },
    });
    await database.db('pseudonyms').update({ last_used_day: today + 3 });
    expect(await connection()).toEqual({
      ...{ since: NOW, lastUsed: new Date((today + 3) * DAY) },
    });
    await database.db('sessions').del();
    await database.db('pseudonyms').update({ last_used_day: null });
    expect(await connection()).toEqual({
      ...{ since: NOW, lastUsed: undefined },
    });
  });

  it('ends all of its grants once', async () => {
    const { database, replica } = stage;
    for (const user of ['alice', 'alice', 'bob']) await replica.subjectOf(client, user);
    const end = () => inTransaction(database.db, (trx) => endGrantsOf(trx, userOf('alice'), NOW));
    expect(await end()).toBe(2);
    expect(await end()).toBe(0);
  });
});

it('an erasure takes back logout tokens that are on their way for a session', async () => {
  const { database, replica, context } = stage;
  const session = { ...freshSession(), sid: 'sid-1' };
  const arrival = { client, localSubject: 'alice', spend: freshCode(), session };
  await replica.subjects.settle(arrival);
  const times = { now: NOW, expiresAt: new Date(NOW.getTime() + DAY) };
  const told = { clientId: client.clientId, sub: undefined };
  await inTransaction(database.db, async (trx) => {
    await insertDelivery(trx, context.atRest, { ...told, sid: 'sid-1' }, times);
    await insertDelivery(trx, context.atRest, { ...told, sid: 'sid-2' }, times);
  });
  await eraseSubject(context, 'alice', BY);
  expect(await database.db('logout_deliveries').select('client_id')).toEqual([
    { client_id: bytes(client.clientId) },
  ]);
});
