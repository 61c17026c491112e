import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  readReleaseEntry,
  RELEASABLE_SCOPES,
  releasedNames,
} from '../../../src/tokens/released-names.ts';

describe('an entry of a release policy', () => {
  it.each([
    ['name', { kind: 'claim', claim: 'name', as: 'name' }],
    ['name as display_name', { kind: 'claim', claim: 'name', as: 'display_name' }],
    ['https://a.example/claim', { kind: 'claim', claim: 'https://a.example/claim' }],
    ['scope:profile', { kind: 'scope', scope: 'profile' }],
  ])('%s is read', (entry, expected) => {
    expect(readReleaseEntry(entry)).toMatchObject(expected);
  });

  it.each(['', ' name', 'name ', 'name as', 'name as ', 'name to x', 'a as b c', 'scope:a as b'])(
    '"%s" is none',
    (entry) => {
      expect(readReleaseEntry(entry)).toBeUndefined();
    },
  );
});

describe('a release policy', () => {
  it('may name only scopes that hold something beside identifiers', () => {
    expect(RELEASABLE_SCOPES).toEqual(['profile', 'address']);
  });

  it('never releases by scope what names a user or tells a time', () => {
    const names = releasedNames(['scope:profile', 'scope:email', 'scope:phone', 'scope:address']);
    expect([...names.keys()].toSorted()).toEqual(
      [
        ...['address', 'birthdate', 'family_name', 'gender', 'given_name', 'locale'],
        ...['middle_name', 'name', 'zoneinfo'],
      ].toSorted(),
    );
  });

  it('goes by what it names itself before what it names by scope', () => {
    for (const policy of [
      ['scope:profile', 'name as display_name'],
      ['name as display_name', 'scope:profile'],
    ]) {
      expect(releasedNames(policy).get('name')).toBe('display_name');
    }
  });

  it('releases nothing for a scope that has no claims', () => {
    expect(releasedNames(['scope:openid', 'scope:toString', 'scope:']).size).toBe(0);
  });

  it('releases nothing for text that is no entry', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (policy) => {
        const names = releasedNames(policy);
        for (const name of names.keys()) {
          expect(policy.some((entry) => entry.includes(name) || entry.startsWith('scope:'))).toBe(
            true,
          );
        }
      }),
    );
  });
});
