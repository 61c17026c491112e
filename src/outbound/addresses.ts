import ipaddr from 'ipaddr.js';

/** The part of IPv6 that is handed out for the Internet (RFC 4291 2.4). */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** Services of a cloud for its own machines under addresses that look like anybody's. */
const OF_CLOUDS: ReadonlySet<string> = new Set(['168.63.129.16']);

/**
 * Whether an address is one of the Internet's: not this machine, not its network,
 * nothing reserved, and no IPv6 address that stands for an IPv4 address (mapped,
 * 6to4, NAT64, Teredo), since that could be any of those.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed instanceof ipaddr.IPv6) return parsed.match(GLOBAL_UNICAST);
  // A short form such as "127.1" is read by some and not by others.
  return ipaddr.IPv4.isValidFourPartDecimal(address) && !OF_CLOUDS.has(address);
}
