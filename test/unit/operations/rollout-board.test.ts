import { beforeEach, expect, it } from 'vitest';

import { listAudit } from '../../../src/audit/read-store.ts';
import { appendAudit } from '../../../src/audit/store.ts';
import { bytes } from '../../../src/database/bytes.ts';
import { inTransaction, type Connection } from '../../../src/database/connection.ts';
import { freezeRollouts, liftFreeze } from '../../../src/operations/freeze-rollouts.ts';
import { gatedRollout, rolloutBoard } from '../../../src/operations/rollout-board.ts';
import { ShadowTally } from '../../../src/subjects/shadow-tally.ts';
import { ConflictError } from '../../../src/vendors/problem.ts';
import type { RolloutSet } from '../../../src/vendors/rollout-request.ts';
import { rolloutHistory } from '../../../src/vendors/rollout-standing.ts';
import { rolloutRollback, rolloutSet } from '../../../src/vendors/rollout.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench, giveSubject, listeningLogger } from '../vendors/support.ts';

const DAY = 86_400;
const ada = { actor: 'cli:ada' };

describeOnEachDialect('the way of a client', (open) => {
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

  const context = () => ({
    ...bench.context(db),
    keyring: { index: bench.indexRoot } as never,
  });
  const set = (request: Partial<RolloutSet>) =>
    rolloutSet(gatedRollout(context()), {
      ...{ clientId: 'acme-web', phase: 'pairwise', ...ada },
      ...request,
    });
  const rollback = (to?: number) =>
    rolloutRollback(gatedRollout(context()), { clientId: 'acme-web', ...ada, to });
  const board = async () => {
    const { step, next, gates } = await rolloutBoard(context(), 'acme-web');
    return [step, next, gates.map(({ name, state }) => `${state} ${name}`)];
  };
  const tally = (on: Connection) =>
    new ShadowTally({ db: on, clock: bench.clock, log: listeningLogger().log });

  it('has its gates judged by logins in shadow, users, hand-overs and time', async () => {
    expect(await board()).toEqual(['plan', 'shadow', ['green bypass']]);
    await set({ phase: 'shadow' });
    await db('sessions').insert({
      ...{ grant_id: bytes('g'), client_id: bytes('acme-web'), sector: bytes('acme.example') },
      ...{ user_index: Buffer.alloc(32, 1), created_at: 1, expires_at: 2, released_sub: bytes('') },
    });
    expect(await board()).toEqual([
      ...['shadow', 'pilot_users'],
      ['red shadow_error_rate', 'red users_mapped', 'green bypass', 'red mapping_handed_over'],
    ]);

    // Two replicas count at the same moment; the one that failed to write keeps its count.
    const replicas = [tally(db), tally(other)];
    for (const each of replicas) {
      for (let login = 0; login < 10; login += 1) each.rehearsed('acme-web', 'known');
    }
    replicas[0]?.rehearsed('acme-web', 'made');
    replicas[1]?.rehearsed('other-web', 'failed');
    await Promise.all(replicas.map((each) => each.close()));
    await giveSubject(db, 'acme.example', '1');
    await inTransaction(db, (trx) => {
      const details = { asked: 2, answered: 1 };
      const entry = { ...ada, act: 'mapping.answered', target: 'acme-web', details } as const;
      return appendAudit(trx, entry, bench.now);
    });
    const { gates } = await rolloutBoard(context(), 'acme-web');
    expect(gates.map(({ state, message }) => [state, message])).toEqual([
      ['green', '0 of 21 logins in shadow failed in the last 7 days.'],
      ['green', '1 user has a pseudonym; 1 of the 21 logins in shadow were of new ones.'],
      ['green', 'The vendor holds no credential that the upstream would accept.'],
      ['green', 'The vendor was last given new subjects at 2030-01-01T00:00:00.000Z.'],
    ]);

    bench.later(8 * DAY);
    await set({});
    expect((await board())[2]).toContain('red continuity_over');
    bench.later(30 * DAY);
    expect(await board()).toEqual([
      ...['percent_100', 'done'],
      ['green bypass', 'green mapping_handed_over', 'green continuity_over'],
    ]);
    await set({ isDone: true });
    expect(await board()).toEqual(['done', undefined, []]);
  });

  it('records the gates as they were, red ones too, with who went on all the same', async () => {
    await set({ percent: 5, reason: 'they asked for it' });
    await set({ phase: 'shadow' });
    const versions = await rolloutHistory({ db }, 'acme-web');
    const states = versions.map(({ gates }) => gates?.map(({ state, name }) => [state, name]));
    expect(states).toEqual([
      undefined,
      [
        ...[['red', 'shadow_error_rate'] as const, ['red', 'users_mapped'] as const],
        ...[['green', 'bypass'] as const, ['green', 'mapping_handed_over'] as const],
      ],
      undefined,
    ]);
    expect(versions[1]).toMatchObject({ actor: 'cli:ada', reason: 'they asked for it' });
    const [, act] = await listAudit(db, { act: 'phase.*' }, { limit: 5 });
    expect(act?.details).toMatchObject({ red_gates: 'shadow_error_rate users_mapped' });
    // Going back to something stricter is a step as well.
    expect((await rollback()).version.gates).toHaveLength(4);
  });

  it('stands still in a freeze, but for the way back, and goes on when it is lifted', async () => {
    await set({ percent: 5, users: ['ann'] });
    expect(await freezeRollouts(context(), { ...ada, reason: 'outage' })).toMatchObject({
      ...{ changed: true, freeze: { actor: 'cli:ada', reason: 'outage' } },
    });
    expect((await freezeRollouts(context(), { actor: 'cli:bob' })).changed).toBe(false);
    for (const further of [{ percent: 6 }, { percent: 5, users: ['ann', 'bob'] }, {}]) {
      await expect(set(further)).rejects.toThrow(/frozen \(cli:ada, .*: outage\)/);
    }
    await expect(set({})).rejects.toBeInstanceOf(ConflictError);
    expect((await set({ percent: 1 })).changed).toBe(true);
    expect((await rollback()).version.percent).toBe(5);
    expect((await rollback(1)).version.phase).toBe('public');
    await expect(set({ phase: 'shadow' })).rejects.toBeInstanceOf(ConflictError);
    expect((await rolloutBoard(context(), 'acme-web')).freeze).toMatchObject(ada);

    expect((await liftFreeze(context(), ada)).changed).toBe(true);
    expect((await liftFreeze(context(), ada)).changed).toBe(false);
    expect((await set({})).changed).toBe(true);
    const acts = await listAudit(db, { act: 'rollouts.*' }, { limit: 5 });
    expect(acts.map(({ act, actor }) => [act, actor])).toEqual([
      ['rollouts.unfrozen', 'cli:ada'],
      ['rollouts.frozen', 'cli:ada'],
    ]);
  });
});
