import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { discoveryEndpoint } from '../../../src/protocol/discovery.ts';
import type { ProtocolRequest } from '../../../src/protocol/message.ts';
import { offeredThrough } from '../../../src/protocol/offered.ts';
import { SIGNING_ALGORITHMS } from '../../../src/signing/upkeep.ts';
import type { UpstreamMetadata } from '../../../src/upstream/metadata.ts';
import { marked, quoted, read, rowsOf } from './documents.ts';

/*
 * Discovery that never lies: each member of our document, and each value of a
 * list, stands in docs/conformance.md beside the section that defines it and the
 * test that exercises it, and nothing stands there that we do not promise.
 */

const issuer = 'https://id.example';
const text = read('docs/conformance.md');
const promised = rowsOf(marked(text, 'document')).map(([member, values, section, proof]) => ({
  member: quoted(member ?? '')[0] ?? '',
  values: quoted(values ?? ''),
  section: section ?? '',
  proof: proof ?? '',
}));
const beside = rowsOf(marked(text, 'beside'));

/** An upstream that has everything that we pass on. */
const everything = {
  reached: {
    device_authorization_endpoint: new URL(`${issuer}/device`),
    backchannel_authentication_endpoint: new URL(`${issuer}/ciba`),
    end_session_endpoint: new URL(`${issuer}/end`),
  },
  grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
  backchannel_token_delivery_modes_supported: ['poll', 'ping'],
  backchannel_logout_supported: true,
  frontchannel_logout_supported: true,
} as unknown as UpstreamMetadata;

const document = await documentOf();

test('the table names the members of our document, and no other', () => {
  const members = [...new Set(promised.map(({ member }) => member))];
  expect(members.toSorted()).toEqual(Object.keys(document).toSorted());
});

describe.each(Object.entries(document))('%s', (member, value) => {
  const rows = promised.filter((row) => row.member === member);
  const values = rows.flatMap((row) => row.values);

  test('has the values of the table', () => {
    if (Array.isArray(value)) expect(values.toSorted()).toEqual([...value].map(String).toSorted());
    else if (typeof value === 'boolean') expect(values).toEqual([String(value)]);
    else expect(values).toEqual([]);
  });

  test.each(rows)('is defined somewhere and exercised in a test: $proof', ({ section, proof }) => {
    expect(section).toMatch(/\d/);
    expectTest(proof);
  });
});

test.each(beside)('%s is exercised in a test', (_capability, _section, proof) => {
  expectTest(proof ?? '');
});

function expectTest(link: string): void {
  const path = /\(\.\.\/(test\/[^)]+\.test\.ts)\)/.exec(link)?.[1] ?? 'no link to a test';
  expect(existsSync(path), path).toBe(true);
  expect(readFileSync(path, 'utf8')).toMatch(/\b(?:it|test)(?:\.each)?\(/);
}

async function documentOf(): Promise<Readonly<Record<string, unknown>>> {
  const answer = await discoveryEndpoint({
    issuer,
    signingAlgorithms: SIGNING_ALGORITHMS,
    offered: () => offeredThrough(everything, issuer),
    isOpen: () => true,
  })({} as ProtocolRequest);
  return answer.kind === 'json' ? answer.body : {};
}
