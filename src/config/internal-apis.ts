import { ownAddress } from './addresses.ts';
import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';
import type { InternalApi } from './types.ts';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** `name=address`: an origin, or the path within one below which an API lies. */
export function internalApi(text: string): Reading<InternalApi> {
  const mark = text.indexOf('=');
  const name = text.slice(0, Math.max(mark, 0));
  if (!NAME.test(name)) {
    return unreadable(
      'does not begin with a name and "="',
      'write name=address, such as orders=https://orders.internal; names have a-z, 0-9 and "-"',
    );
  }
  const address = ownAddress(text.slice(mark + 1));
  return address.ok ? read({ name, address: address.value }) : address;
}

/** Whether one of two addresses lies at or below the other. */
export function overlapping(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  if (a.origin !== b.origin) return false;
  const [shorter = '', longer = ''] = [a, b]
    .map(({ pathname }) => `${pathname.replace(/\/+$/, '')}/`)
    .toSorted((left, right) => left.length - right.length);
  return longer.startsWith(shorter);
}
