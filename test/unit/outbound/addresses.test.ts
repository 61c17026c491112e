import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isPublicAddress } from '../../../src/outbound/addresses.ts';

describe('an address of the Internet', () => {
  it.each(['93.184.216.34', '1.1.1.1', '223.255.255.254', '2606:4700:4700::1111', '2a00::1'])(
    'may be connected to: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

/*
 * The attack: a vendor names an address, or a host name that leads to one, behind which
 * something answers that only the proxy's own machine or network should reach: a metadata
 * service of a cloud, an admin port, a neighbour. Every way to write such an address counts.
 */
describe('any other address', () => {
  it.each([
    ['this machine', '127.0.0.1', '127.255.255.254', '::1'],
    ['no address at all', '0.0.0.0', '0.1.2.3', '::'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fd00::1', 'fec0::1'],
    ['link-local', '169.254.0.1', 'fe80::1', 'fe80::1%eth0'],
    ['metadata services', '169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200'],
    ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
    ['multicast and broadcast', '224.0.0.1', '255.255.255.255', 'ff02::1'],
    ['reserved', '240.0.0.1', '192.0.0.192', '198.18.0.1', '192.0.2.1', '2001:db8::1'],
    ['IPv4 mapped', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe'],
    ['IPv4 compatible', '::127.0.0.1', '::7f00:1'],
    ['6to4', '2002:7f00:1::', '2002:a9fe:a9fe::1'],
    ['NAT64', '64:ff9b::7f00:1', '64:ff9b:1::1'],
    ['Teredo', '2001:0:1::1'],
    ['no IP address, or an odd one', '', 'localhost', '127.1', '2130706433', '0x7f.1', '017.0.0.1'],
  ])('is refused: %s', (_what, ...addresses) => {
    for (const address of addresses) expect(isPublicAddress(address), address).toBe(false);
  });

  it('is refused in every embedding of it', () => {
    const octet = fc.nat(255);
    fc.assert(
      fc.property(fc.constantFrom(10, 127), octet, octet, octet, (a, b, c, d) => {
        const hex = [a, b, c, d].map((each) => each.toString(16).padStart(2, '0'));
        const tail = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
        for (const embedded of [
          `${a}.${b}.${c}.${d}`,
          `::ffff:${tail}`,
          `::${tail}`,
          `64:ff9b::${tail}`,
          `2002:${tail}::`,
        ]) {
          expect(isPublicAddress(embedded), embedded).toBe(false);
        }
      }),
    );
  });
});
