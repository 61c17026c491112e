import { beforeEach, expect, it } from 'vitest';

import { userIndex } from '../../../src/database/blind-index.ts';
import { lastChange } from '../../../src/database/changes.ts';
import type { Connection } from '../../../src/database/connection.ts';
import { readClient } from '../../../src/vendors/client-store.ts';
import { modeFor } from '../../../src/vendors/phase.ts';
import { ConflictError, RegistrationError, UnknownError } from '../../../src/vendors/problem.ts';
import { rolloutHistory, rolloutStatus } from '../../../src/vendors/rollout-standing.ts';
import { rolloutRollback, rolloutSet, type RolloutOutcome } from '../../../src/vendors/rollout.ts';
import type { RolloutRollback, RolloutSet } from '../../../src/vendors/rollout-request.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench } from './support.ts';

describeOnEachDialect('rollout', (open) => {
  let db: Connection;
  let other: Connection;
  let bench: Bench;
  beforeEach(async () => {
    const database = await open.fresh();
    db = database.db;
    other = database.connect();
    bench = new Bench();
    await bench.apply(db, ACME.replace('release_claims', 'phase: public\n        release_claims'));
  });

  const set = (request: Partial<RolloutSet>, on = db): Promise<RolloutOutcome> =>
    rolloutSet(bench.context(on), {
      clientId: 'acme-web',
      phase: 'pairwise',
      actor: 'ann',
      ...request,
    });
  const rollback = (request: Partial<RolloutRollback> = {}): Promise<RolloutOutcome> =>
    rolloutRollback(bench.context(db), { clientId: 'acme-web', actor: 'ann', ...request });
  const current = async () => (await rolloutStatus(bench.context(db), 'acme-web')).current;

  it('records every change with who made it and why', async () => {
    const { version, changed } = await set({ phase: 'shadow', reason: 'measure first' });
    expect(changed).toBe(true);
    expect(version).toMatchObject({
      version: 2,
      phase: 'shadow',
      actor: 'ann',
      reason: 'measure first',
      at: bench.now,
      change: await lastChange(db),
    });
    const history = await rolloutHistory({ db }, 'acme-web');
    expect(history.map((each) => [each.version, each.phase, each.actor])).toEqual([
      [2, 'shadow', 'ann'],
      [1, 'public', 'test'],
    ]);
  });

  it('keeps pilot users as user indexes and never as local subjects', async () => {
    const { version } = await set({ percent: 0, users: ['bob@legacy.example'] });
    const bob = userIndex(bench.indexRoot, 'acme.example', 'bob@legacy.example');
    expect(modeFor(version, bob)).toBe('pairwise');
    expect(modeFor(version, Buffer.alloc(32, 1))).toBe('shadow');
    const stored = JSON.stringify(await db('phase_changes').select());
    expect(stored).not.toContain('bob@legacy.example');
    expect(await current()).toEqual(version);
  });

  it('records nothing where nothing would change', async () => {
    await set({ percent: 20 });
    const change = await lastChange(db);
    expect(await set({ percent: 20 })).toMatchObject({ changed: false, version: { version: 2 } });
    expect(await lastChange(db)).toBe(change);
  });

  it('goes back to the version before, and further each time', async () => {
    await set({ phase: 'shadow' });
    await set({ percent: 10 });
    await set({});
    const restored = [await rollback(), await rollback(), await rollback()];
    expect(
      restored.map(({ version }) => [version.version, version.phase, version.percent]),
    ).toEqual([
      [5, 'pairwise', 10],
      [6, 'shadow', undefined],
      [7, 'public', undefined],
    ]);
    expect(restored.map(({ version }) => version.restores)).toEqual([3, 2, 1]);
    await expect(rollback()).rejects.toThrow(UnknownError);
  });

  it('goes back to what was in force before a change that followed a rollback', async () => {
    await set({ phase: 'shadow' });
    await set({});
    await rollback();
    await set({ percent: 50 });
    const status = await rolloutStatus(bench.context(db), 'acme-web');
    expect(status.previous).toMatchObject({ version: 2, phase: 'shadow' });
    expect((await rollback()).version).toMatchObject({ phase: 'shadow', restores: 2 });
    expect((await rollback()).version).toMatchObject({ phase: 'public', restores: 1 });
  });

  it('goes back to a version that is named', async () => {
    await set({ phase: 'shadow' });
    await set({});
    expect((await rollback({ to: 1 })).version).toMatchObject({ phase: 'public', restores: 1 });
    await expect(rollback({ to: 9 })).rejects.toThrow('has no version 9');
  });

  it('ends sessions at the change, also where the phase stays', async () => {
    const { version } = await set({ endSessions: true });
    const notBefore = async () => (await readClient(db, bench.atRest, 'acme-web')).client.notBefore;
    expect(await notBefore()).toBe(version.change);
    expect((await set({ endSessions: true })).changed).toBe(false);
    expect(await notBefore()).toBe(await lastChange(db));
    expect(await notBefore()).toBeGreaterThan(version.change);
  });

  it('refuses pairwise for a client that can go round the proxy', async () => {
    await bench.apply(
      db,
      `
vendors:
  - id: globex
    clients:
      - { client_id: globex-app, redirect_uris: [https://globex.example/cb], phase: shadow }
      - client_id: globex-public
        redirect_uris: [https://globex.example/cb]
        subject_type: public
`,
    );
    await expect(set({ clientId: 'globex-app' })).rejects.toThrow(/accept_bypass/);
    await expect(set({ clientId: 'globex-app', phase: 'public' })).resolves.toBeDefined();
    expect(await rolloutStatus(bench.context(db), 'globex-app')).toMatchObject({
      canBypass: true,
      vendorId: 'globex',
    });
    await expect(set({ clientId: 'globex-public', phase: 'shadow' })).rejects.toThrow(
      /excludes the phase shadow/,
    );
  });

  it('refuses what makes no sense, and says what would', async () => {
    for (const wrong of [
      { percent: 101 },
      { percent: -1 },
      { percent: 0.5 },
      { phase: 'shadow' as const, percent: 10 },
      { phase: 'public' as const, users: ['bob'] },
      { users: [''] },
      { users: ['x'.repeat(256)] },
      { actor: '' },
    ]) {
      await expect(set(wrong)).rejects.toThrow(RegistrationError);
    }
    await expect(set({ clientId: 'nobody' })).rejects.toThrow(UnknownError);
    await expect(rolloutHistory({ db }, 'nobody')).rejects.toThrow(UnknownError);
    expect((await current()).version).toBe(1);
  });

  it('lets one of two operators win and gives the other a conflict', async () => {
    const outcomes = await Promise.allSettled([
      set({ percent: 10 }),
      set({ percent: 20 }, other),
      set({ percent: 30 }, other),
    ]);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    const versions = await rolloutHistory({ db }, 'acme-web');
    expect(versions).toHaveLength(1 + outcomes.length - lost.length);
    expect(new Set(versions.map(({ version }) => version)).size).toBe(versions.length);
    for (const { reason } of lost) expect(reason).toBeInstanceOf(ConflictError);
  });

  it('gives a conflict to the operator who looked at another version', async () => {
    await set({ phase: 'shadow' });
    await expect(set({ expectedVersion: 1 })).rejects.toThrow(ConflictError);
    await expect(set({ expectedVersion: 2 })).resolves.toMatchObject({ changed: true });
  });
});
