import { expect, it } from 'vitest';

import { lastChange } from '../../../src/database/changes.ts';
import { noteRestore } from '../../../src/operations/note-restore.ts';
import { Registry } from '../../../src/vendors/registry.ts';
import { rolloutSet } from '../../../src/vendors/rollout.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench, listeningLogger } from '../vendors/support.ts';

/*
 * A token says at which change it was made, and is ended by comparing with that. A database
 * from a backup counts from an earlier change on, and would end no token that is newer.
 */
describeOnEachDialect('a database from a backup', (open) => {
  it('ends tokens that were issued after it, once it is said to be one', async () => {
    const { db } = await open.fresh();
    const bench = new Bench();
    await bench.apply(db, ACME);
    const registry = await Registry.open({
      ...{ db, atRest: bench.atRest, clock: bench.clock, log: listeningLogger().log },
      ...{ maxStalenessSeconds: 60, pollMilliseconds: 3_600_000 },
    });
    const notBefore = async (): Promise<number> => {
      await registry.refresh();
      return registry.find('acme-web')?.notBefore ?? 0;
    };
    // What was issued some changes after the copy was taken.
    const token = { change: (await lastChange(db)) + 500 };
    const request = { clientId: 'acme-web', phase: 'pairwise', actor: 'cli:ada' } as const;
    await rolloutSet(bench.context(db), { ...request, endSessions: true });
    expect(await notBefore()).toBeLessThanOrEqual(token.change);

    const context = { db, clock: bench.clock };
    const by = { actor: 'cli:ada' };
    await noteRestore(context, { endSessions: false }, by);
    expect(await notBefore()).toBeLessThanOrEqual(token.change);
    await rolloutSet(bench.context(db), { ...request, endSessions: true });
    expect(await notBefore()).toBeGreaterThan(token.change);

    const { position } = await noteRestore(context, { endSessions: true }, by);
    expect(await notBefore()).toBeGreaterThan(position);
    expect(registry.change).toBe(await lastChange(db));
    await registry.close();
  });
});
