import { expect, it } from 'vitest';

import { readVendors } from '../../../src/vendors/vendor-store.ts';
import { describeOnEachDialect } from '../../support/database.ts';
import { ACME, Bench } from './support.ts';

const WITH_NOTICE = ACME.replace('    contacts:', '    notice: true\n    contacts:');
const FORWARDED = ACME.replace(/ {8}client_secret: vendor-secret\n {8}upstream: .*\n/, '').replace(
  'release_claims',
  'accept_bypass: true\n        release_claims',
);
const ALONE = 'vendors: [{ id: acme, name: Acme Learning, notice: true }]';

describeOnEachDialect('a notice', (open) => {
  it('is off by default, and stays where it was asked for', async () => {
    const { db } = await open.fresh();
    const bench = new Bench();
    await bench.apply(db, ACME);
    expect((await readVendors(db))[0]?.notice).toBe(false);
    const { changes } = await bench.apply(db, WITH_NOTICE);
    expect(changes[0]).toMatchObject({ action: 'update', fields: ['notice'] });
    expect((await readVendors(db))[0]?.notice).toBe(true);
    expect((await bench.apply(db, WITH_NOTICE)).changes[0]?.action).toBe('unchanged');
  });

  it('is refused together with a forwarded client, whichever comes first', async () => {
    const { db } = await open.fresh();
    const bench = new Bench();
    const both = FORWARDED.replace('    contacts:', '    notice: true\n    contacts:');
    await expect(bench.apply(db, both)).rejects.toThrow(/upstream: cannot go with .* notice/);
    await bench.apply(db, FORWARDED);
    await expect(bench.apply(db, ALONE)).rejects.toThrow(/notice: cannot be shown by .*"acme-web"/);
    const other = await open.fresh();
    await bench.apply(other.db, ALONE);
    await expect(bench.apply(other.db, both)).rejects.toThrow(/upstream: cannot go with/);
  });

  it('is refused together with CIBA, which has no page of ours', async () => {
    const { db } = await open.fresh();
    const grants = 'grant_types: [authorization_code, "urn:openid:params:grant-type:ciba"]';
    const ciba = WITH_NOTICE.replace('release_claims', `${grants}\n        release_claims`);
    await expect(new Bench().apply(db, ciba)).rejects.toThrow(/grant_types: cannot go with/);
  });

  it('goes with clients at which nobody logs in', async () => {
    const { db } = await open.fresh();
    const machine = FORWARDED.replace(
      / {8}redirect_uris: .*\n/,
      '        grant_types: [client_credentials]\n        scope: grades\n',
    ).replace('    contacts:', '    notice: true\n    contacts:');
    await expect(new Bench().apply(db, machine)).resolves.toBeDefined();
  });
});
