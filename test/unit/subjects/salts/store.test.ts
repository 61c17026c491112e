import { describe, expect, it } from 'vitest';
import { AtRest } from '../../../../src/database/at-rest.ts';
import { loadKeyring } from '../../../../src/database/keyring.ts';
import { SaltMismatchError, Salts } from '../../../../src/subjects/salts/store.ts';
import type { SaltOptions } from '../../../../src/subjects/salts/store.ts';
import { describeOnEachDialect, freshDatabase } from '../../../support/database.ts';
import type { TestDatabase } from '../../../support/database.ts';
import { MASTER_KEY, NOW } from '../replica.ts';

const FIRST = Buffer.from('the first value of the salt, as configured');
const OTHER = Buffer.from('another value of the salt, also configured');

async function options(
  database: TestDatabase,
  rest: Partial<SaltOptions> = {},
): Promise<SaltOptions> {
  const db = database.connect();
  const keyring = await loadKeyring(db, { masterKey: MASTER_KEY, masterKeyPrevious: undefined });
  return {
    db,
    atRest: new AtRest(keyring.storage),
    pairwiseSalt: FIRST,
    algorithm: 'hmac-sha256',
    clock: () => NOW,
    ...rest,
  };
}

describeOnEachDialect('the salt', (open) => {
  it('is seeded once, sealed, and served', async () => {
    const database = await open.fresh();
    const given = await options(database);
    const salts = await Salts.open(given);
    const again = await Salts.open(given);
    for (const opened of [salts, again]) {
      expect(await opened.currentSalt(given.db)).toEqual({ version: 1, value: FIRST });
    }
    const rows = await database.db('salts').select('*');
    expect(rows).toHaveLength(1);
    expect((rows[0].salt as Buffer).includes(FIRST)).toBe(false);
  });

  it('is the same for replicas that start at one moment', async () => {
    const database = await open.fresh();
    const replicas = await Promise.all([options(database), options(database), options(database)]);
    const opened = await Promise.all(replicas.map((replica) => Salts.open(replica)));
    for (const [place, salts] of opened.entries()) {
      expect(await salts.currentSalt(replicas[place]?.db ?? database.db)).toEqual({
        version: 1,
        value: FIRST,
      });
    }
  });

  it('is one only, where replicas with two values start at one moment', async () => {
    const database = await open.fresh();
    const replicas = await Promise.all([
      options(database),
      options(database, { pairwiseSalt: OTHER }),
    ]);
    const opened = await Promise.allSettled(replicas.map((replica) => Salts.open(replica)));
    expect(opened.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  describe('with another value at a later start', () => {
    it('refuses, says what to do, and never says the value', async () => {
      const database = await open.fresh();
      await Salts.open(await options(database));
      const error = await Salts.open(await options(database, { pairwiseSalt: OTHER })).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(SaltMismatchError);
      const { message } = error as SaltMismatchError;
      expect(message).toContain('PAIRWISE_SALT');
      expect(message).toContain('Set it to the first value again');
      expect(message).not.toContain('PSEUDONYM_ALGORITHM');
      for (const secret of [FIRST, OTHER]) {
        for (const encoding of ['utf8', 'base64url', 'hex'] as const) {
          expect(message).not.toContain(secret.toString(encoding));
        }
      }
    });

    it('names the algorithm where that is what changed', async () => {
      const database = await open.fresh();
      await Salts.open(await options(database));
      const changed = { pairwiseSalt: OTHER, algorithm: 'oidc-sha256' } as const;
      await expect(Salts.open(await options(database, changed))).rejects.toThrow(
        /PSEUDONYM_ALGORITHM is oidc-sha256 and was hmac-sha256/,
      );
    });

    it('goes on where only the algorithm changed', async () => {
      const database = await open.fresh();
      await Salts.open(await options(database));
      const given = await options(database, { algorithm: 'random' });
      const salts = await Salts.open(given);
      expect(await salts.currentSalt(given.db)).toMatchObject({ version: 1 });
    });
  });
});

describe('a database that keeps no first salt', () => {
  it.each([
    ['says why', "begin select raise(abort, 'disk of the test'); end", /disk of the test/],
    ['is an error', 'begin insert into change_head select * from change_head; end', /vanished/],
  ])('%s', async (_name, fault, message) => {
    const database = await freshDatabase('sqlite');
    const given = await options(database);
    await database.db.raw(`create trigger fault before insert on salts ${fault}`);
    await expect(Salts.open(given)).rejects.toThrow(message);
    await database.close();
  });
});
