/*
 * The attack: the proxy fetches an address that a vendor names (`sector_identifier_uri`,
 * `jwks_uri`), so a vendor could make it ask its own machine or network. A host name may
 * lead there although it led elsewhere when somebody looked (DNS rebinding): the owner of
 * the name server answers each question as he likes. So the address of the very connection
 * is judged, and a name of which one address is forbidden is not connected to at all.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openGuardedExchange } from '../../src/outbound/guarded-exchange.ts';
import { createExchange } from '../../src/upstream/exchange.ts';
import type { ExchangePool } from '../../src/upstream/exchange.ts';
import { startNameServer } from '../support/dns.ts';
import type { NameServer } from '../support/dns.ts';
import { listen } from '../support/listen.ts';
import type { Listening } from '../support/listen.ts';

let inner: Listening;
let names: NameServer;
let guarded: ExchangePool;
let reached = 0;
beforeAll(async () => {
  inner = await listen((_request, response) => {
    reached += 1;
    response.setHeader('content-type', 'application/json').end('["the secret of the network"]');
  });
  names = await startNameServer();
  guarded = openGuardedExchange({ mayBePrivate: () => false, lookup: names.lookup });
});
beforeEach(() => {
  reached = 0;
  names.asked = 0;
});
afterAll(async () => {
  await guarded.close();
  names.close();
  await inner.close();
});

const get = (pool: ExchangePool, host: string) =>
  pool.exchange({
    ...{ method: 'GET', accept: ['application/json'] },
    url: new URL(`http://${host}:${inner.port}/`),
  });
const REFUSED = { reason: 'upstream_unavailable', detail: 'ADDRESS_REFUSED' };

describe('an address that a vendor names', () => {
  it.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0.0.0.0', '0'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]'],
    ...['[2002:7f00:1::]', '[::127.0.0.1]', '10.0.0.1', '169.254.169.254', '[fe80::1]'],
  ])('is not connected to where it is not of the Internet: %s', async (host) => {
    await expect(get(guarded, host)).rejects.toMatchObject(REFUSED);
    expect([reached, names.asked]).toEqual([0, 0]);
  });

  it.each([
    [['127.0.0.1']],
    [['10.1.2.3']],
    [['169.254.169.254']],
    // One of them would do: which one is connected to first is the system's choice.
    [['93.184.216.34', '127.0.0.1']],
    [['127.0.0.1', '93.184.216.34']],
  ])('is not connected to where its name leads to %j', async (answers) => {
    names.answers = answers;
    await expect(get(guarded, 'inner.vendor.test')).rejects.toMatchObject(REFUSED);
    expect(reached).toBe(0);
  });

  it('is judged by the answer that the connection itself got, not by an earlier one', async () => {
    names.answers = ['93.184.216.34'];
    const { promise, resolve } = Promise.withResolvers<unknown>();
    names.lookup('rebind.vendor.test', { all: true }, (_error, addresses) => resolve(addresses));
    expect(await promise).toEqual([{ address: '93.184.216.34', family: 4 }]);
    names.answers = ['127.0.0.1'];
    await expect(get(guarded, 'rebind.vendor.test')).rejects.toMatchObject(REFUSED);
    // Asked once for the connection: there is no second answer to rebind to.
    expect([reached, names.asked]).toEqual([0, 2]);
  });

  it('is judged again when the connection stands', async () => {
    let judged = 0;
    const pool = createExchange({
      guard: {
        lookup: names.lookup,
        admits: () => {
          judged += 1;
          return judged === 1;
        },
      },
    });
    names.answers = ['127.0.0.1'];
    await expect(get(pool, 'inner.vendor.test')).rejects.toMatchObject(REFUSED);
    expect([reached, judged]).toEqual([0, 2]);
    await pool.close();
  });

  it('is connected to where the operator named that very origin, and no other port', async () => {
    const origin = `http://intranet.vendor.test:${inner.port}`;
    const open = openGuardedExchange({
      mayBePrivate: (each) => each === origin,
      lookup: names.lookup,
    });
    names.answers = ['127.0.0.1'];
    expect((await get(open, 'intranet.vendor.test')).status).toBe(200);
    await expect(get(open, 'other.vendor.test')).rejects.toMatchObject(REFUSED);
    expect(reached).toBe(1);
    await open.close();
  });
});
