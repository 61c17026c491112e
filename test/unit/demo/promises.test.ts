import { UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';

import { ALICE, BOB } from '../../../demo/legacy-idp/users.ts';
import type { Outcome, Sight } from '../../../demo/logins.ts';
import { brokenPromises } from '../../../demo/promises.ts';
import type { Scene } from '../../../demo/scene.ts';
import type { Tokens } from '../../../demo/vendor/relying-party.ts';
import { VendorRecord } from '../../support/recorder.ts';

/*
 * The demo's exit code is a promise of its own: each promise is broken here in
 * turn, and the demo's list must name it.
 */

const issuer = 'http://localhost:1000';

function tokens(vendor: string, claims: Record<string, unknown>): Tokens {
  const payload = new UnsecuredJWT({ iss: issuer, aud: vendor, ...claims }).encode().split('.')[1];
  const header = Buffer.from('{"alg":"RS256"}').toString('base64url');
  const idToken = `${header}.${payload}.x`;
  return { claims, idToken, accessToken: 'opaque', refreshToken: 'opaque' };
}

interface Changes {
  readonly a?: Partial<Record<'first' | 'again' | 'refreshed' | 'userinfo', object>>;
  readonly received?: string;
}

function broken({ a = {}, received }: Changes): string[] {
  const vendor = (id: string) => ({ name: id, clientId: id, record: new VendorRecord() });
  const vendors = [vendor('acme'), vendor('bolt')];
  if (received !== undefined) vendors[0]!.record.add('somewhere', received);
  const sight = (position: number, user: string, changes: NonNullable<Changes['a']>): Sight => {
    const claims = { sub: `pseudonym-${position}-of-${user.length}`, sid: `sid-${position}` };
    const at = vendors[position]!;
    return {
      vendor: at as never,
      first: tokens(at.clientId, { ...claims, ...changes.first }),
      again: tokens(at.clientId, { ...claims, ...changes.again }),
      refreshed: tokens(at.clientId, { ...claims, ...changes.refreshed }),
      userinfo: { ...claims, ...changes.userinfo },
    };
  };
  const outcome = (user: typeof ALICE, changes: NonNullable<Changes['a']>): Outcome => ({
    user,
    legacy: {},
    sights: [sight(0, user.username, changes), sight(1, user.username, {})],
  });
  const scene = { issuer, legacyIssuer: 'http://localhost:2000', vendors } as unknown as Scene;
  return brokenPromises(scene, [outcome(ALICE, a), outcome(BOB, {})]);
}

test('kept promises give an empty list', () => {
  expect(broken({})).toEqual([]);
});

describe('a broken promise is named', () => {
  const cases: Record<string, [Changes, RegExp]> = {
    'one sub at two vendors': [{ a: { first: { sub: 'pseudonym-1-of-5' } } }, /same sub/],
    'one sub for two users': [{ a: { first: { sub: 'pseudonym-0-of-3' } } }, /two users/],
    'one session id': [{ a: { first: { sid: 'sid-1' } } }, /same session id/],
    'the username in the sub': [{ a: { first: { sub: 'x-alice' } } }, /contains the username/],
    'an unstable sub': [{ a: { again: { sub: 'other' } } }, /second login/],
    'another sub after a refresh': [{ a: { refreshed: { sub: 'other' } } }, /refresh/],
    'another sub at userinfo': [{ a: { userinfo: { sub: 'other' } } }, /userinfo/],
    'an e-mail at userinfo': [{ a: { userinfo: { email: 'x@y.example' } } }, /got email/],
    'another issuer': [{ a: { refreshed: { iss: 'http://localhost:2000' } } }, /another issuer/],
    'another audience': [{ a: { first: { aud: 'bolt' } } }, /another client/],
    'a leak in any answer': [{ received: 'user=alice' }, /acme received "alice" \(somewhere\)/],
    'a trace of the legacy provider': [{ received: 'http://localhost:2000/x' }, /localhost:2000/],
  };
  for (const [name, [changes, pattern]] of Object.entries(cases)) {
    test(name, () => expect(broken(changes).join('\n')).toMatch(pattern));
  }
});
