import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';
import type { ListenAddress } from './types.ts';

const LISTENER_HINT = 'write host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080';

/** `host:port` or `[IPv6]:port`; port 0 takes a free one. The host comes back without brackets. */
export function listenAddress(text: string): Reading<ListenAddress> {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain, digits] = parts ?? [];
  const port = Number(digits);
  if (parts === null || port > 65_535) return unreadable('is not a host and a port', LISTENER_HINT);
  if (bracketed !== undefined) {
    return isIP(bracketed) === 6
      ? read({ host: bracketed, port })
      : unreadable('has something else than an IPv6 address in brackets', LISTENER_HINT);
  }
  const host = plain ?? '';
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) {
    return unreadable('has an incomplete IPv4 address', LISTENER_HINT);
  }
  return read({ host, port });
}

/** Whether two listeners would want the same port of the same interface. */
export function overlap(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  const everywhere = ['0.0.0.0', '::'];
  return (
    one.host === other.host || [one.host, other.host].some((host) => everywhere.includes(host))
  );
}

/** A CIDR block; a single address becomes a block of one. A block of everything is refused. */
export function cidrBlock(text: string): Reading<string> {
  const hint = 'write blocks such as 10.0.0.0/8 or fd00::/8, separated by commas';
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  const width = version === 4 ? 32 : 128;
  if (version === 0 || address.includes('%') || rest.length > 0) {
    return unreadable('is not a CIDR block', hint);
  }
  const block = prefix === undefined ? `${address}/${width}` : text;
  if (!/\/\d{1,3}$/.test(block) || !ipaddr.isValidCIDR(block)) {
    return unreadable(`has a prefix that is not a number from 1 to ${width}`, hint);
  }
  if (ipaddr.parseCIDR(block)[1] === 0) {
    return unreadable(
      'would trust every sender',
      'name only the addresses of your own proxies; anybody else could forge X-Forwarded-*',
    );
  }
  return read(block);
}

/** An absolute path prefix, in the spelling in which a URL carries it. */
export function pathPrefix(text: string): Reading<string> {
  const url = text.startsWith('/') ? URL.parse(`http://host${text}`) : null;
  if (url !== null && url.pathname === text && !text.includes('//')) return read(text);
  return unreadable(
    'is not an absolute path',
    'write paths such as /login, without query, "..", "//" or unescaped characters',
  );
}
