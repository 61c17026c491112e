import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { AtRest } from '../../../src/database/at-rest.ts';
import { userIndex } from '../../../src/database/blind-index.ts';
import { inTransaction } from '../../../src/database/connection.ts';
import { loadKeyring } from '../../../src/database/keyring.ts';
import { insertPseudonym } from '../../../src/subjects/store.ts';
import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { environmentOn, MASTER_KEY, run } from './command-line.ts';
import type { Ran } from './command-line.ts';

const SUB = '-pseudonym-that-begins-with-a-dash';
const LOCAL_SUBJECT = 'alice-of-the-legacy-provider';

describe('subject lookup', () => {
  let database: TestDatabase;

  const command = (...argv: string[]): Promise<Ran> =>
    run(environmentOn(database.location, { VENDOR: 'v-secret', UPSTREAM: 'u-secret' }), argv);

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    await command('vendor', 'create', 'acme');
    await command(
      ...['client', 'create', 'acme-web', '--vendor', 'acme'],
      ...['--redirect-uri', 'https://acme.example/callback', '--client-secret-env', 'VENDOR'],
      ...['--upstream-client-id', 'acme-up', '--upstream-client-secret-env', 'UPSTREAM'],
    );
    const keys = { masterKey: MASTER_KEY, masterKeyPrevious: undefined };
    const { storage, index } = await loadKeyring(database.db, keys);
    const sector = 'acme.example';
    await inTransaction(database.db, (trx) =>
      insertPseudonym(trx, new AtRest(storage), {
        ...{ sector, generation: 1, sub: SUB, localSubject: LOCAL_SUBJECT },
        userIndex: userIndex(index, sector, LOCAL_SUBJECT),
        ...{ saltVersion: 1, algorithm: 'random', createdAt: new Date() },
      }),
    );
  });

  afterAll(() => database.close());

  test('says who is behind a pseudonym', async () => {
    const found = await command('subject', 'lookup', '--client', 'acme-web', '--', SUB);
    expect(found).toMatchObject({ exit: 0, stdout: `${LOCAL_SUBJECT}\n` });
  });

  test('logs who looked it up and why, and never both identifiers together', async () => {
    const found = await command(
      ...['subject', 'lookup', '--client', 'acme-web', '--reason', 'abuse report 7', '--json'],
      ...['--', SUB],
    );
    expect(found.json()).toMatchObject({ local_subject: LOCAL_SUBJECT });
    const line = JSON.parse(found.stderr) as Record<string, unknown>;
    expect(line).toMatchObject({
      ...{ event: 'subject_lookup', clientId: 'acme-web', sub: SUB, found: true },
      ...{ actor: 'cli:operator', reason: 'abuse report 7' },
    });
    expect(found.stderr).not.toContain(LOCAL_SUBJECT);
    expect(found.stdout).not.toContain(SUB);
  });

  test('ends with 1 for a pseudonym that nobody has, and logs that too', async () => {
    const nobody = randomBytes(20).toString('hex');
    const none = await command('subject', 'lookup', nobody, '--client', 'acme-web', '--json');
    expect(none.exit).toBe(1);
    expect(none.json()).toMatchObject({ error: { code: 'unknown' } });
    expect(none.stderr).toContain('"found":false');
  });

  test('does not find a local subject by itself, nor in the wrong letter case', async () => {
    for (const sub of [LOCAL_SUBJECT, SUB.toUpperCase()]) {
      const none = await command('subject', 'lookup', '--client', 'acme-web', '--', sub);
      expect(none.exit).toBe(1);
      expect(none.stdout).toBe('');
    }
  });
});
