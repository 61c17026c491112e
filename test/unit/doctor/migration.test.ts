import { expect, it } from 'vitest';

import { migrationFindings } from '../../../src/doctor/migration.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientIn } from '../subjects/replica.ts';

const NOW = new Date('2026-06-01T12:00:00Z');

type Migration = Client['metadata']['migration'];

function findingsFor(migration: Migration) {
  const client = clientIn('acme.example');
  const metadata = { ...client.metadata, ...(migration && { migration }) };
  return migrationFindings([{ ...client, metadata }], NOW);
}

it.each([undefined, { mode: 'switch' }] as const)(
  'says nothing of a client with %j',
  (migration) => {
    expect(findingsFor(migration)).toEqual([]);
  },
);

it('warns of a client whose users keep what they can be told by, and says how that ends', () => {
  expect(findingsFor({ mode: 'preserve' })).toEqual([
    expect.objectContaining({
      level: 'warning',
      message: expect.stringContaining('keep the original subject'),
      hint: expect.stringContaining('subject rotate'),
    }),
  ]);
});

it('warns of a client that is shown original subjects, with the claim and the end', () => {
  expect(findingsFor({ mode: 'dual', claim: 'legacy_sub', until: '2026-06-02' })).toEqual([
    expect.objectContaining({
      level: 'warning',
      message: expect.stringMatching(/claim legacy_sub until 2026-06-02/),
    }),
  ]);
});

it('finds an ended dual phase in order, and says what can be taken out', () => {
  expect(findingsFor({ mode: 'dual', claim: 'legacy_sub', until: '2026-05-01' })).toEqual([
    expect.objectContaining({
      level: 'ok',
      message: expect.stringMatching(/has ended \(2026-05-01\)/),
    }),
  ]);
});
