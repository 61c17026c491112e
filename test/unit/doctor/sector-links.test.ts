import { expect, test } from 'vitest';

import type { SectorLink } from '../../../src/database/sector-links.ts';
import { linkFindings } from '../../../src/doctor/sector-links.ts';

const at = new Date('2026-01-02T03:04:05Z');
const link: SectorLink = {
  ...{ sector: 'bolt.example', into: 'acme.example', mode: 'linked', prefersLinked: false },
  ...{ betweenVendors: true, keeps: false, graceDays: 90, linkedAt: at, carriedAt: at },
};
const owners = new Map([
  ['acme.example', 'acme'],
  ['bolt.example', 'bolt'],
]);

test.each([
  ['of one vendor', { betweenVendors: false }, 'ok', 'use the subjects of acme.example'],
  ['of two vendors', {}, 'warning', '"bolt" and "acme" can tell which users'],
  ['that is not complete', { carriedAt: undefined }, 'problem', 'is not complete'],
  ['that ends', { mode: 'parting' }, 'problem', 'unlinking'],
] as const)('doctor tells of a link %s', (_name, more, level, message) => {
  const [finding, ...others] = linkFindings([{ ...link, ...more }], owners);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ name: 'sector_link', level });
  expect(finding?.message).toContain(message);
});
