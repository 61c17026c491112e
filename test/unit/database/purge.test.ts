import { expect, test } from 'vitest';

import { bytes } from '../../../src/database/bytes.ts';
import { purgeVendorTokens } from '../../../src/database/purge.ts';
import { describeOnEachDialect } from '../../support/database.ts';

const DAY = 86_400_000;
const expired = new Date('2026-03-01T00:00:00Z');

describeOnEachDialect('tokens of vendors', (open) => {
  test('are listed for 30 days after they expired, and are gone then', async () => {
    const { db } = await open.fresh();
    const times = { created_at: expired.getTime() - DAY, expires_at: expired.getTime() };
    const token = { id: bytes('t1'), token_hash: Buffer.alloc(32, 1), ...times };
    await db('mapping_tokens').insert({ ...token, client_id: bytes('acme-web') });
    await db('initial_access_tokens').insert({ ...token, vendor_id: bytes('acme'), uses_left: 1 });
    expect(await purgeVendorTokens(db, new Date(expired.getTime() + 30 * DAY - 1))).toBe(0);
    expect(await purgeVendorTokens(db, new Date(expired.getTime() + 30 * DAY))).toBe(2);
    expect(await db('mapping_tokens')).toEqual([]);
    expect(await db('initial_access_tokens')).toEqual([]);
  });
});
