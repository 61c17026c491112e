import { beforeEach, expect, it } from 'vitest';

import { accountIndex } from '../../../src/database/account-sessions.ts';
import { findHandle } from '../../../src/audit/store.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { bytes, text } from '../../../src/database/bytes.ts';
import { putReference, readReference } from '../../../src/database/references.ts';
import { readMark } from '../../../src/database/subject-marks.ts';
import { disconnectVendor } from '../../../src/operations/disconnect-vendor.ts';
import { downloadAccount } from '../../../src/operations/download-account.ts';
import { eraseSubject } from '../../../src/operations/erase-subject.ts';
import { LOOKUPS_AN_HOUR } from '../../../src/operations/lookup-admission.ts';
import { linkSubject } from '../../../src/operations/link-subject.ts';
import { listConnections } from '../../../src/operations/list-connections.ts';
import type { Client, DisconnectPolicy } from '../../../src/vendors/client.ts';
import { ConflictError, UnknownError } from '../../../src/vendors/problem.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { NOW } from '../subjects/replica.ts';
import type { Stage } from './lifecycle.ts';
import { setStage } from './lifecycle.ts';

const BY = { actor: 'user', requestId: 'r-1' } as const;

describeOnEachDialect('a user who disconnects a vendor', (open) => {
  let stage: Stage;
  let acme: Client;
  let bolt: Client;
  beforeEach(async () => {
    stage = await setStage(await open.fresh());
    [acme, bolt] = [await stage.client('acme.example'), await stage.client('bolt.example')];
    // Each a vendor of its own.
    await stage.database.db('vendors').insert({
      ...{ id: bytes('bolt'), name: 'Bolt', contacts: '[]', one_sector: false },
      ...{ allowed_subject_types: '["pairwise"]', created_at: 1, updated_at: 1 },
    });
    await stage.database
      .db('sectors')
      .where({ sector: bytes(bolt.sector) })
      .update({ vendor_id: bytes('bolt') });
  });

  const indexIn = (sector: string, user = 'alice'): Buffer =>
    userIndex(stage.replica.keyring.index, sector, user);
  const letUsers = (policy: DisconnectPolicy) =>
    stage.database.db('vendors').update({ disconnect_policy: policy });
  const disconnect = (user = 'alice') =>
    disconnectVendor(stage.context, { vendorId: acme.vendorId, localSubject: user }, BY);

  it('is forgotten there, and nowhere else; nobody else is', async () => {
    const before = new Map<string, string>();
    for (const client of [acme, bolt]) {
      for (const user of ['alice', 'bob']) {
        before.set(`${client.sector} ${user}`, await stage.replica.subjectOf(client, user));
      }
    }
    expect(await disconnect()).toMatchObject({ newSubject: true, sectors: 1 });
    expect(await listConnections(stage.context, 'alice')).toMatchObject([{ vendorId: 'bolt' }]);
    for (const table of ['pseudonyms', 'sessions', 'audit_handles']) {
      const rows: unknown[] = await stage.database
        .db(table)
        .where({ user_index: indexIn(acme.sector) });
      expect(rows).toEqual([]);
    }
    expect(await stage.replica.subjectOf(bolt, 'alice')).toBe(before.get('bolt.example alice'));
    expect(await stage.replica.subjectOf(acme, 'bob')).toBe(before.get('acme.example bob'));
    const after = await stage.replica.subjectOf(acme, 'alice');
    expect(after).not.toBe(before.get('acme.example alice'));
    expect(await stage.database.db('subject_changes').select()).toEqual([]);
  });

  it.each(['alice', '00u1a'])(
    'sees and ends the same under either name of a linked user, as %s',
    async (name) => {
      for (const client of [acme, bolt]) await stage.replica.subjectOf(client, 'alice');
      const named = { localSubject: 'alice', to: '00u1a', graceDays: 30, prefer: undefined };
      await linkSubject(stage.context, { ...named, endSessions: false }, BY);
      const vendors = async () =>
        (await listConnections(stage.context, name)).map(({ vendorId }) => vendorId).toSorted();
      expect(await vendors()).toEqual([acme.vendorId, 'bolt'].toSorted());
      expect(await disconnect(name)).toMatchObject({ newSubject: true, sectors: 1 });
      expect(await vendors()).toEqual(['bolt']);
      for (const user of ['alice', '00u1a']) {
        const index = indexIn(acme.sector, user);
        expect(await readMark(stage.database.db, stage.context.atRest, index)).toBeDefined();
        const left = await stage.database.db('pseudonyms').where({ user_index: index });
        expect(left).toEqual([]);
      }
    },
  );

  it('has all tokens there ended, under either policy', async () => {
    for (const policy of ['new_subject', 'same_subject'] as const) {
      await letUsers(policy);
      await stage.replica.subjectOf(acme, 'alice');
      const { db, atRest } = stage.context;
      const mark = await readMark(db, atRest, indexIn(acme.sector));
      await disconnect();
      expect(await readMark(db, atRest, indexIn(acme.sector))).toBeGreaterThan(mark ?? 0);
      expect(await readMark(db, atRest, indexIn(bolt.sector))).toBeUndefined();
    }
  });

  it('keeps the subject where the policy says so, and the sessions are revoked', async () => {
    await letUsers('same_subject');
    const before = await stage.replica.subjectOf(acme, 'alice');
    expect(await disconnect()).toMatchObject({ newSubject: false, sectors: 1 });
    const open = await stage.database
      .db('sessions')
      .where({ user_index: indexIn(acme.sector), revoked_at: null });
    expect(open).toEqual([]);
    expect(await stage.replica.subjectOf(acme, 'alice')).toBe(before);
  });

  it('cannot where the policy forbids it, and nothing changes', async () => {
    await letUsers('forbidden');
    const before = await stage.replica.subjectOf(acme, 'alice');
    await expect(disconnect()).rejects.toThrow(ConflictError);
    expect(await stage.replica.subjectOf(acme, 'alice')).toBe(before);
  });

  it('is not known to a vendor: one answer, whether or not there is that vendor', async () => {
    await stage.replica.subjectOf(acme, 'bob');
    await expect(disconnect()).rejects.toThrow(UnknownError);
    const nobody = { vendorId: 'nobody', localSubject: 'alice' };
    await expect(disconnectVendor(stage.context, nobody, BY)).rejects.toThrow(UnknownError);
  });

  it('stands in the audit log without a handle, and so does a download', async () => {
    await stage.replica.subjectOf(acme, 'alice');
    await downloadAccount(stage.context, 'alice', BY);
    await disconnect();
    const rows = await stage.database
      .db('audit_log')
      .where('act', 'like', 'account.%')
      .orderBy('position')
      .select<{ act: string; actor: Buffer; target: Buffer; handle: Buffer | null }[]>();
    expect(rows.map(({ act, actor, target }) => [act, text(actor), text(target)])).toEqual([
      ['account.downloaded', 'user', 'user'],
      ['account.disconnected', 'user', acme.vendorId],
    ]);
    expect(rows.map(({ handle }) => handle)).toEqual([null, null]);
    const user = { sector: acme.sector, userIndex: indexIn(acme.sector) };
    expect(await findHandle(stage.context.db, user)).toBeUndefined();
  });

  it('is told on which day a pseudonym was last used', async () => {
    const sub = await stage.replica.subjectOf(acme, 'alice');
    await stage.database.db('pseudonyms').update({ last_used_day: 20_000 });
    const { sectors } = await downloadAccount(stage.context, 'alice', BY);
    expect(sectors[0]?.pseudonyms).toMatchObject([{ sub, last_used_on: '2024-10-04' }]);
    const [connection] = await listConnections(stage.context, 'alice');
    expect(connection?.since.getTime()).toBe(NOW.getTime());
    // The session began later than that day.
    expect(connection?.lastUsed?.toISOString().slice(0, 10)).toBe(NOW.toISOString().slice(0, 10));
  });

  it('may download as often as others have: the limit of operators is not theirs', async () => {
    await stage.replica.subjectOf(acme, 'alice');
    for (let time = 0; time <= LOOKUPS_AN_HOUR; time += 1) {
      await downloadAccount(stage.context, 'alice', BY);
    }
    expect(await stage.database.db('subject_lookups').select()).toEqual([]);
  });

  it('has no session at /account any more once erased', async () => {
    await stage.replica.subjectOf(acme, 'alice');
    const until = new Date(NOW.getTime() + 600_000);
    const { db } = stage.context;
    const keep = (user: string) =>
      putReference(
        ...([db, 'account_session', bytes(user), until] as const),
        accountIndex(stage.replica.keyring.index, user),
      );
    const [alice, bob] = [await keep('alice'), await keep('bob')];
    await eraseSubject(stage.context, 'alice', { actor: 'cli:ada' });
    expect(await readReference(db, 'account_session', alice, NOW)).toBeUndefined();
    expect(await readReference(db, 'account_session', bob, NOW)).toBeDefined();
  });
});
