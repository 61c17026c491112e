import { isIPv4 } from 'node:net';

import ipaddr from 'ipaddr.js';

/** Bits of an IPv6 address that its holder did not choose (RFC 4291 2.5.4, RFC 6177). */
const NETWORK_BITS = 64;

/**
 * What limits know the sender of a request by: an IPv4 address, or the network of an IPv6
 * one, in which a single machine has as many addresses as it likes.
 */
export function countedAddress(address: string): string {
  // What is written in the one usual way already; nearly all of them are.
  if (isIPv4(address)) return address;
  // Without the zone of a link-local address.
  const [bare = ''] = address.split('%');
  if (!ipaddr.isValid(bare)) return address;
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${NETWORK_BITS}`);
  return `${network.toString()}/${NETWORK_BITS}`;
}
