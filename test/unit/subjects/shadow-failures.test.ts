import { afterAll, beforeAll, expect, it } from 'vitest';

import type { TestDatabase } from '../../support/database.ts';
import { freshDatabase } from '../../support/database.ts';
import { clientIn, startReplica } from './replica.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase('sqlite');
});
afterAll(() => database.close());

/*
 * What is thrown may repeat what it was about: the kind of a failure is logged, never its message.
 */
it.each([
  ['an error by its name', new TypeError('alice'), 'TypeError'],
  ['what is no error as unknown', 'alice', 'unknown'],
])('a failed rehearsal names %s, and no user', async (name, thrown, failed) => {
  const fail = () => AbortSignal.abort(thrown).throwIfAborted();
  const replica = await startReplica(database, { witness: { made: fail, used: fail } });
  const client = replica.register(clientIn(`${name.length}.example`, 'shadow'));
  expect(await replica.login(client, 'alice')).toMatchObject({ ok: true });
  expect(replica.log.fields).toEqual([
    { event: 'shadow_failure', clientId: client.clientId, failed },
  ]);
  expect(replica.log.messages.join()).not.toContain('alice');
});
