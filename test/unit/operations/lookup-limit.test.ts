import { expect, it } from 'vitest';

import { listAudit } from '../../../src/audit/read-store.ts';
import { exportSubject } from '../../../src/operations/export-subject.ts';
import { listSubject } from '../../../src/operations/list-subject.ts';
import { LOOKUPS_AN_HOUR, ThrottledError } from '../../../src/operations/lookup-admission.ts';
import { lookupSubject } from '../../../src/operations/lookup-subject.ts';
import { keepSubjects } from '../../../src/operations/subject-upkeep.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { BY, setStage } from './lifecycle.ts';

const HOUR = 3600 * 1000;

/*
 * The attack: somebody with an operator's credential walks through the pseudonyms
 * that a vendor leaked, or through a list of names, to make the mapping again.
 */
describeOnEachDialect('asking for users', (open) => {
  it('ends at a limit that all ways share, with an alert, until the hour is over', async () => {
    const stage = await setStage(await open.fresh());
    const { context, replica, later, database } = stage;
    const acme = await stage.client('acme.example');
    const sub = await replica.subjectOf(acme, 'alice');
    const lookup = { clientId: acme.clientId, sub };
    for (let time = 0; time < LOOKUPS_AN_HOUR; time += 4) {
      await lookupSubject(context, lookup, BY);
      // What finds nobody counts as well.
      await lookupSubject(context, { ...lookup, sub: 'guessed' }, BY);
      await listSubject(stage.another(), 'alice', BY);
      await exportSubject(context, 'alice', BY);
    }
    for (const ask of [
      () => lookupSubject(context, lookup, BY),
      () => listSubject(context, 'alice', BY),
      () => exportSubject(context, 'alice', BY),
    ]) {
      await expect(ask()).rejects.toThrow(ThrottledError);
    }
    const told = await listAudit(database.db, { act: 'security.lookups_throttled' }, { limit: 9 });
    expect(told).toMatchObject([{ actor: BY.actor, target: BY.actor }]);
    // Of others the limit knows nothing.
    const other = { ...BY, actor: 'cli:bob' };
    expect(await lookupSubject(context, lookup, other)).toMatchObject({ localSubject: 'alice' });

    later(HOUR);
    expect(await lookupSubject(context, lookup, BY)).toMatchObject({ localSubject: 'alice' });
    later(25 * HOUR);
    await keepSubjects(context);
    expect(await database.db('subject_lookups').select()).toEqual([]);
  });
});
