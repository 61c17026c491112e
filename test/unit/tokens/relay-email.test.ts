import { describe, expect, test } from 'vitest';

import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import { relayEmail } from '../../../src/tokens/relay-email.ts';

const POLICY = { relay_email_domain: 'relay.example' };
const subject = reviveReleasedSubject;

describe('the relay address of a user at a client', () => {
  test('is the pseudonym at the relay domain', () => {
    expect(relayEmail(POLICY, subject('mfxwk3dj'), 'pairwise')).toEqual({
      email: 'mfxwk3dj@relay.example',
      email_verified: true,
    });
  });

  test.each<[string, ReturnType<typeof relayEmail>]>([
    ['the client has no relay domain', relayEmail({}, subject('mfxwk3dj'), 'pairwise')],
    ['the original subject continues', relayEmail(POLICY, subject('alice'), 'public')],
    ['the pseudonym is too long', relayEmail(POLICY, subject('x'.repeat(65)), 'pairwise')],
    ['it is no local part', relayEmail(POLICY, subject('a b@elsewhere'), 'pairwise')],
    ['it ends in a dot', relayEmail(POLICY, subject('a.'), 'pairwise')],
  ])('is none where %s', (_where, claims) => {
    expect(claims).toEqual({});
  });
});
