/*
 * Three replicas, each a process, on one MariaDB, and users whom none of them has met.
 * Each user logs in at all three at the same moment: all three must tell the vendor the
 * same subject, and the database must hold one row for each. In `npm run test:faults`
 * with 10,000 users.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { VendorByHand } from '../support/by-hand.ts';
import { ask, member } from '../support/by-hand.ts';
import type { Fleet } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';
import { expectStored } from '../support/loaded-world.ts';
import type { QuickProvider } from '../support/upstream/quick-provider.ts';
import { startQuickProvider } from '../support/upstream/quick-provider.ts';

const USERS = process.env['FAULTS'] === 'all' ? 10_000 : 80;
const AT_ONCE = 8;

let provider: QuickProvider;
let fleet: Fleet;
beforeAll(async () => {
  provider = await startQuickProvider();
  fleet = await startFleet(provider.issuer, [
    {
      id: 'acme',
      redirectUri: 'http://127.0.0.1:1/callback',
      upstreamSecret: 'quick-secret-0123456789',
    },
  ]);
});
afterAll(async () => {
  await fleet.close();
  await provider.close();
});

/** A login up to the code, by a browser that is logged in at the provider. */
async function codeOf(
  vendor: VendorByHand,
  user: string,
): Promise<{ code: string; verifier: string }> {
  const { url, verifier } = vendor.request({ scope: 'openid' });
  const begun = await ask(url);
  const binding = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const relayed = new URL(begun.headers.get('location') ?? '');
  // The fleet has one issuer; the test knows which replica it speaks to.
  relayed.port = url.port;
  const back = await ask(relayed, { headers: { cookie: `${binding}; user=${user}` } });
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
  return { code, verifier };
}

it(
  `${USERS} new users at three replicas at once get one subject each`,
  { timeout: 3_600_000 },
  async () => {
    const users = Array.from({ length: USERS }, (_each, n) => `newcomer-${n}`);
    const vendors = fleet.replicas.flatMap((replica) => fleet.vendors(replica));
    const told = new Map<string, string>();
    const queue = [...users];
    const arrive = async (): Promise<void> => {
      for (let user = queue.pop(); user !== undefined; user = queue.pop()) {
        const name = user;
        const begun = await Promise.all(vendors.map((vendor) => codeOf(vendor, name)));
        const answers = await Promise.all(
          vendors.map((vendor, n) => vendor.redeem(begun[n] ?? { code: '', verifier: '' })),
        );
        const subjects = answers.map((answer) => {
          expect(answer.status, answer.body).toBe(200);
          return String(decodeJwt(member(answer, 'id_token')).sub);
        });
        expect(new Set(subjects).size, `${name}: ${subjects.join(' ')}`).toBe(1);
        told.set(name, subjects[0] ?? '');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, arrive));
    expect(new Set(told.values()).size).toBe(USERS);
    await expectStored(fleet.database, told);
    expect(await fleet.database.db('pseudonyms').select()).toHaveLength(USERS);
    for (const { process } of fleet.replicas) {
      expect(process.log().filter(({ reason }) => reason === 'unexpected')).toEqual([]);
    }
  },
);
