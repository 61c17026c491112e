import { describe, expect, test } from 'vitest';

import {
  CLIENT_MEMBERS,
  clientEntry,
  UPSTREAM_MEMBERS,
  VENDOR_MEMBERS,
  vendorEntry,
} from '../../../src/vendors/entries.ts';
import { RESOURCE_SERVER_MEMBERS } from '../../../src/vendors/resource-server.ts';
import { marked, quoted, read, rowsOf } from './documents.ts';

/*
 * docs/clients.md is the one reference of what an operator can write of a client: each member
 * of the schema has its row there, with the default that the schema has.
 */

const text = read('docs/clients.md');

function documented(part: string) {
  const rows = rowsOf(marked(text, part));
  return rows.map(([member = '', standard = '', meaning = '']) => ({
    member: quoted(member)[0] ?? member,
    standard,
    meaning,
  }));
}

const client = documented('client');
const vendor = documented('vendor');

test('every member of a client has one row, and no row is of anything else', () => {
  const members = [
    ...CLIENT_MEMBERS,
    ...UPSTREAM_MEMBERS.map((name) => `upstream.${name}`),
    ...RESOURCE_SERVER_MEMBERS.map((name) => `resource_server.${name}`),
  ];
  expect(client.map(({ member }) => member).toSorted()).toEqual(members.toSorted());
});

test('every member of a vendor has one row, and no row is of anything else', () => {
  expect(vendor.map(({ member }) => member).toSorted()).toEqual([...VENDOR_MEMBERS].toSorted());
});

describe.each([
  ['a client', client, clientEntry.shape],
  ['a vendor', vendor, vendorEntry.shape],
])('the default of %s', (_name, rows, shape) => {
  test.each(rows)('for $member is that of the schema', ({ member, standard, meaning }) => {
    expect(meaning).not.toBe('');
    const schema: unknown = Reflect.get(shape, member);
    if (schema === undefined) return;
    const parsed = (schema as (typeof clientEntry.shape)['scope']).safeParse(undefined);
    if (!parsed.success) {
      expect(standard).toBe('required');
      return;
    }
    const value: unknown = parsed.data;
    if (value === undefined) expect(standard).not.toBe('required');
    else if (Array.isArray(value) && value.length === 0) expect(standard).toBe('none');
    else expect(quoted(standard)).toEqual([value].flat().map(String));
  });
});
