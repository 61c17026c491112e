import { describe, expect, test } from 'vitest';

import { changesOf, membersOf, type Field } from '../../../src/dashboard/fields.ts';

const FIELDS: readonly Field[] = [
  { name: 'name', label: 'Name', kind: 'text' },
  { name: 'uris', label: 'URIs', kind: 'lines' },
  { name: 'days', label: 'Days', kind: 'number' },
  { name: 'open', label: 'Open', kind: 'check' },
  { name: 'upstream.client_id', label: 'There', kind: 'text' },
  { name: 'upstream.client_secret', label: 'Secret', kind: 'secret' },
  { name: 'members', label: 'Others', kind: 'members' },
];

const BEFORE = {
  ...{ name: 'Acme', uris: ['https://a.example/1', 'https://a.example/2'], days: 30, open: false },
  upstream: { client_id: 'legacy', has_client_secret: true },
};

/** What a browser sends of the form untouched. */
const UNTOUCHED = {
  ...{ name: 'Acme', uris: 'https://a.example/1\r\nhttps://a.example/2', days: '30' },
  ...{ 'upstream.client_id': 'legacy', 'upstream.client_secret': '', members: '' },
};

const sent = (members: Readonly<Record<string, string>>) => new URLSearchParams(members);

describe('a form that changes an entry', () => {
  test('changes nothing where nothing was touched', () => {
    expect(changesOf(FIELDS, sent(UNTOUCHED), BEFORE)).toEqual({});
  });

  test.each([
    ['a text', { name: ' New ' }, { name: 'New' }],
    ['an emptied text takes its member away', { name: ' ' }, { name: null }],
    ['lines', { uris: '\nhttps://b.example\n\n' }, { uris: ['https://b.example'] }],
    ['emptied lines', { uris: '' }, { uris: [] }],
    ['a number', { days: '7' }, { days: 7 }],
    ['what is no number, for the rules to refuse', { days: 'x' }, { days: 'x' }],
    ['a tick', { open: 'true' }, { open: true }],
    ['a secret', { 'upstream.client_secret': ' s ' }, { upstream: { client_secret: ' s ' } }],
    ['an emptied block goes as a whole', { 'upstream.client_id': '' }, { upstream: null }],
    ['other members', { members: '{"a": [1]}' }, { a: [1] }],
  ])('changes %s', (_which, touched, changes) => {
    expect(changesOf(FIELDS, sent({ ...UNTOUCHED, ...touched }), BEFORE)).toEqual(changes);
  });

  test('takes a tick away', () => {
    expect(changesOf(FIELDS, sent(UNTOUCHED), { ...BEFORE, open: true })).toEqual({ open: false });
  });

  test.each(['x', '[]', '1', 'null', '{"__proto__": {"a": 1}}'])(
    'refuses %s as members',
    (members) => {
      expect(() => changesOf(FIELDS, sent({ ...UNTOUCHED, members }), BEFORE)).toThrow();
    },
  );
});

test('a form that makes an entry gives what was filled in, and leaves defaults to the rules', () => {
  expect(
    membersOf(FIELDS, sent({ name: 'Acme', uris: 'a\nb', 'upstream.client_id': 'x' })),
  ).toEqual({
    ...{ name: 'Acme', uris: ['a', 'b'] },
    upstream: { client_id: 'x' },
  });
});
