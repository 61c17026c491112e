import { beforeEach, expect, it } from 'vitest';

import { inTransaction, type Connection } from '../../../src/database/connection.ts';
import {
  deleteClient,
  insertClient,
  readClient,
  updateClient,
} from '../../../src/vendors/client-store.ts';
import { ConflictError, RegistrationError, UnknownError } from '../../../src/vendors/problem.ts';
import { rolloutSet } from '../../../src/vendors/rollout.ts';
import {
  deleteVendor,
  insertVendor,
  readSectorOwners,
  readVendors,
  updateVendor,
} from '../../../src/vendors/vendor-store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench, giveSubject } from './support.ts';

describeOnEachDialect('the store of vendors and clients', (open) => {
  let db: Connection;
  let bench: Bench;
  beforeEach(async () => {
    ({ db } = await open.fresh());
    bench = new Bench();
    await bench.apply(db, ACME);
  });

  const read = () => readClient(db, bench.atRest, 'acme-web');
  const at = (): { at: Date } => ({ at: bench.now });

  it('lets one of two changes of the same state win', async () => {
    const { client, revision } = await read();
    const change = (continuityDays: number) =>
      inTransaction(db, (trx) =>
        updateClient(trx, bench.atRest, { ...client, continuityDays }, { ...at(), revision }),
      );
    const outcomes = await Promise.allSettled([change(1), change(2)]);
    const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost.map(({ reason }: { reason: unknown }) => reason)).toEqual([
      expect.any(ConflictError),
    ]);
    expect((await read()).revision).toBe(revision + 1);
  });

  it('counts a rollout as a change of the client', async () => {
    const { client, revision } = await read();
    await rolloutSet(bench.context(db), { clientId: 'acme-web', phase: 'shadow', actor: 'ann' });
    await expect(
      inTransaction(db, (trx) => updateClient(trx, bench.atRest, client, { ...at(), revision })),
    ).rejects.toThrow(ConflictError);
    await expect(
      inTransaction(db, (trx) => deleteClient(trx, 'acme-web', { ...at(), revision })),
    ).rejects.toThrow(ConflictError);
  });

  it('gives a client id and a vendor id away once', async () => {
    const { client } = await read();
    const [vendor] = await readVendors(db);
    const creation = { phase: 'pairwise', actor: 'ann', ...at() } as const;
    await expect(
      inTransaction(db, (trx) => insertClient(trx, bench.atRest, client, creation)),
    ).rejects.toThrow(ConflictError);
    await expect(inTransaction(db, (trx) => insertVendor(trx, vendor!, bench.now))).rejects.toThrow(
      ConflictError,
    );
  });

  it('names what does not exist', async () => {
    const { client } = await read();
    const [vendor] = await readVendors(db);
    for (const work of [
      () => readClient(db, bench.atRest, 'nobody'),
      () =>
        inTransaction(db, (trx) =>
          updateClient(trx, bench.atRest, { ...client, clientId: 'nobody' }, at()),
        ),
      () => inTransaction(db, (trx) => deleteClient(trx, 'nobody', at())),
      () => inTransaction(db, (trx) => updateVendor(trx, { ...vendor!, id: 'no' }, bench.now)),
      () => inTransaction(db, (trx) => deleteVendor(trx, 'no', bench.now)),
    ]) {
      await expect(work()).rejects.toThrow(UnknownError);
    }
  });

  it('keeps the rules of a phase also where nobody judged before', async () => {
    const { client } = await read();
    await expect(
      inTransaction(db, (trx) =>
        updateClient(trx, bench.atRest, { ...client, upstream: undefined }, at()),
      ),
    ).rejects.toThrow(RegistrationError);
    await expect(
      inTransaction(db, (trx) =>
        updateClient(trx, bench.atRest, { ...client, vendorId: 'globex' }, at()),
      ),
    ).rejects.toThrow(ConflictError);
  });

  it('lets a client that comes back begin anew, with the old tokens dead', async () => {
    const { client: before } = await read();
    await inTransaction(db, (trx) => deleteClient(trx, 'acme-web', at()));
    expect((await readSectorOwners(db)).size).toBe(0);
    await bench.apply(db, ACME);
    const { client: after } = await read();
    expect(after.notBefore).toBeGreaterThan(before.notBefore);
    expect(after.phases).toHaveLength(1);
  });

  it('removes a vendor only when it has no clients, and nobody has a subject at it', async () => {
    const remove = () => inTransaction(db, (trx) => deleteVendor(trx, 'acme', bench.now));
    await expect(remove()).rejects.toThrow(/has clients, as "acme-web"/);
    await giveSubject(db, 'acme.example', 'a');
    await inTransaction(db, (trx) => deleteClient(trx, 'acme-web', at()));
    await expect(remove()).rejects.toThrow(/stays reserved/);
    expect((await readSectorOwners(db)).get('acme.example')).toBe('acme');
    await db('pseudonyms').delete();
    await remove();
    expect(await readVendors(db)).toEqual([]);
  });
});
