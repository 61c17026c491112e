// The other half of the promise: a pseudonym is worth nothing beside a claim
// that names the user. Everything the upstream may put into its claims is
// hostile to privacy here until the operator has named it, and then still searched.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authTimeOffset, sidFor } from '../../../src/tokens/derived.ts';
import {
  releaseIdTokenClaims,
  releaseUserinfoClaims,
  scopesFor,
  type AuthTimeRequest,
  type Release,
  type ReleaseInput,
} from '../../../src/tokens/release.ts';

const claimsRoot = Buffer.alloc(32, 3);
const userIndex = Buffer.alloc(32, 4);
const issuer = 'https://legacy.example/realms/a/';
const upstreamSid = 'upstream-session-1';
const authTime = 1_893_456_000;
const offset = authTimeOffset(claimsRoot, 'sector.example', userIndex);

/** All that a talkative IdP says. */
const talkative = {
  iss: issuer,
  sub: 'alice-4711',
  aud: 'upstream-client',
  exp: 1,
  iat: 2,
  nbf: 3,
  jti: 'token-1',
  nonce: 'our-nonce',
  azp: 'upstream-client',
  at_hash: 'a',
  c_hash: 'c',
  s_hash: 's',
  sid: upstreamSid,
  auth_time: authTime,
  acr: 'urn:acr:2',
  amr: ['pwd'],
  act: { sub: 'admin' },
  may_act: { sub: 'admin' },
  authorization_details: [{ type: 'x' }],
  events: {},
  sub_id: { format: 'opaque', id: '1' },
  cnf: { jkt: 'x' },
  session_state: 'state',
  custom_hash: 'h',
  name: 'Alice Example',
  'name#ja': 'アリス',
  preferred_username: 'alice',
  upn: 'alice@corp.example',
  email: 'alice@mail.example',
  email_verified: true,
  oid: 'object-1',
  uid: 'u-1',
  picture: 'https://pictures.example/1',
  profile: 'https://social.example/alice',
  updated_at: 1_800_000_000,
  locale: 'en',
  _claim_names: { payment: 'src1' },
  _claim_sources: { src1: { endpoint: 'https://bank.example', access_token: 'secret' } },
  payment: 'gold',
};

function input(
  releaseClaims: readonly string[],
  mode: ReleaseInput['mode'] = 'pairwise',
  upstreamClaims: Readonly<Record<string, unknown>> = talkative,
  require_auth_time = false,
): ReleaseInput {
  return {
    upstreamClaims,
    mode,
    client: { releaseClaims, sector: 'sector.example', metadata: { require_auth_time } },
    localSubject: 'alice-4711',
    upstreamIssuer: issuer,
    claimsRoot,
    userIndex,
  };
}

function idToken(of: ReleaseInput, requested: AuthTimeRequest = {}): Release {
  return releaseIdTokenClaims({ ...of, requested });
}

const sid = sidFor(claimsRoot, 'sector.example', upstreamSid);

describe('a pairwise client', () => {
  test('gets by default the sid of its sector, and nothing else', () => {
    expect(idToken(input([]))).toEqual({ claims: { sid }, dropped: [] });
    expect(releaseUserinfoClaims(input([]))).toEqual({ claims: { sid }, dropped: [] });
  });

  test('gets what is named, in every language', () => {
    const { claims, dropped } = idToken(input(['name', 'locale', 'acr', 'amr', 'updated_at']));
    expect(claims).toEqual({
      sid,
      name: 'Alice Example',
      'name#ja': 'アリス',
      locale: 'en',
      acr: 'urn:acr:2',
      amr: ['pwd'],
      updated_at: 1_800_000_000,
    });
    expect(dropped).toEqual([]);
  });

  test('gets one language where only that is named', () => {
    expect(idToken(input(['name#ja'])).claims).toEqual({ sid, 'name#ja': 'アリス' });
  });

  test('gets a name of a different case or a longer one never', () => {
    expect(idToken(input(['Name', 'emai', 'name_', ''])).claims).toEqual({ sid });
  });

  test('with a relay domain gets no address of the upstream, under whatever name', () => {
    const given = input(['email', 'email_verified', 'upn as email', 'locale']);
    const metadata = { require_auth_time: false, relay_email_domain: 'relay.example' };
    const { claims } = idToken({ ...given, client: { ...given.client, metadata } });
    expect(claims).toEqual({ sid, locale: 'en' });
  });

  test('gets no protocol claim of the upstream, though all are named', () => {
    const { claims } = idToken(input(Object.keys(talkative)));
    expect(Object.keys(claims).sort()).toEqual(
      [
        ...['acr', 'amr', 'email', 'email_verified', 'locale', 'name', 'name#ja', 'oid', 'picture'],
        ...['preferred_username', 'profile', 'sid', 'uid', 'updated_at', 'upn'],
      ].sort(),
    );
  });

  test('gets them neither under a language tag', () => {
    const tagged = Object.fromEntries(
      Object.entries(talkative).map(([name, value]) => [`${name}#x`, value]),
    );
    const { claims } = idToken(
      input([...Object.keys(talkative), ...Object.keys(tagged)], 'pairwise', tagged),
      { maxAge: 0 },
    );
    for (const name of ['sub#x', 'iss#x', 'sid#x', 'auth_time#x', 'jti#x', 'act#x', 'at_hash#x']) {
      expect(claims).not.toHaveProperty([name]);
    }
  });

  test('has what is held back although named reported', () => {
    const { dropped } = idToken(input(['act', 'custom_hash', 'payment', '_claim_sources']));
    expect(dropped).toEqual([
      { claim: 'act', why: 'protocol' },
      { claim: 'custom_hash', why: 'protocol' },
      { claim: '_claim_sources', why: 'aggregated' },
      { claim: 'payment', why: 'aggregated' },
    ]);
  });

  test.each([
    ['local_subject', { nickname: 'ALICE-4711' }],
    ['local_subject', { nickname: 'Alice%2D4711' }],
    ['local_subject', { nickname: { deep: [Buffer.from('alice-4711').toString('base64')] } }],
    ['upstream_issuer', { nickname: 'https://legacy.example/realms/a/users/1' }],
    ['upstream_issuer', { nickname: 'HTTP://Legacy.Example/realms/a' }],
    ['upstream_issuer', { nickname: encodeURIComponent('https://legacy.example/realms/a/users') }],
    ['upstream_sid', { nickname: `s:${upstreamSid}` }],
  ])('gets no value that holds the %s: %j', (why, claims) => {
    const given = input(['nickname'], 'pairwise', { ...talkative, ...claims });
    expect(idToken(given)).toEqual({ claims: { sid }, dropped: [{ claim: 'nickname', why }] });
  });

  test('gets no language tag that holds the local subject, nor does the report', () => {
    const given = input(['nickname'], 'pairwise', { 'nickname#alice-4711': 'Al' });
    expect(idToken(given)).toEqual({
      claims: {},
      dropped: [{ claim: 'nickname', why: 'local_subject' }],
    });
  });

  test('gets a claim whose name, which the operator chose, is some user’s subject', () => {
    const given = { ...input(['locale'], 'pairwise', { locale: 'en' }), localSubject: 'locale' };
    expect(idToken(given).claims).toEqual({ locale: 'en' });
  });

  test('gets a value that an upstream sid of less than 8 characters is in by chance', () => {
    const given = (id: string): Release =>
      idToken(input(['nickname'], 'pairwise', { sid: id, nickname: `x${id}` }));
    expect(Object.keys(given('1234567').claims)).toContain('nickname');
    expect(Object.keys(given('12345678').claims)).not.toContain('nickname');
  });

  test('may get an e-mail address at the host of the upstream', () => {
    const given = input(['email'], 'pairwise', { email: 'someone@legacy.example' });
    expect(idToken(given).claims).toEqual({ email: 'someone@legacy.example' });
  });

  test('gets no claim that another of its user in another sector could be matched by', () => {
    const named = ['acr'];
    const one = idToken(input(named), { maxAge: 600 }).claims;
    const other = releaseIdTokenClaims({
      ...input(named),
      client: { ...input(named).client, sector: 'other.example' },
      userIndex: Buffer.alloc(32, 5),
      requested: { maxAge: 600 },
    }).claims;
    expect(other['sid']).not.toBe(one['sid']);
    expect(other['auth_time']).not.toBe(one['auth_time']);
  });

  test('never gets the local subject, whatever is named and said', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constantFrom('alice-4711', 'x ALICE-4711 y', Buffer.from('alice-4711').toString('hex')),
    );
    const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf));
    const name = fc.oneof(fc.string(), fc.constantFrom(...Object.keys(talkative), '__proto__'));
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.boolean(), (claims, everything) => {
        const named = everything ? Object.keys(claims) : ['name', 'email', 'sub'];
        const { claims: released } = idToken(input(named, 'pairwise', claims), { maxAge: 600 });
        const text = JSON.stringify(Object.entries(released)).toLowerCase();
        expect(text).not.toContain('alice-4711');
        expect(text).not.toContain(Buffer.from('alice-4711').toString('hex'));
        for (const own of ['sub', 'iss', 'aud', 'exp', 'nonce', 'jti', 'azp', 'act']) {
          expect(Object.hasOwn(released, own)).toBe(false);
        }
      }),
    );
  });

  test.each([[17], [''], [null], [['x']]])('gets no sid made of %j', (value) => {
    expect(idToken(input([], 'pairwise', { sid: value }))).toEqual({
      claims: {},
      dropped: [{ claim: 'sid', why: 'malformed' }],
    });
  });
});

describe('auth_time for a pairwise client', () => {
  const released = (requested: AuthTimeRequest, required = false): unknown =>
    idToken(input(['auth_time'], 'pairwise', talkative, required), requested).claims['auth_time'];

  test('is withheld where nobody asked, even if named for release', () => {
    expect(released({})).toBeUndefined();
    expect(released({ maxAge: undefined, authTimeRequested: false })).toBeUndefined();
  });

  test('is moved earlier by the constant offset of user and sector where asked for', () => {
    expect(offset).toBeGreaterThan(0);
    expect(released({ maxAge: 120 })).toBe(authTime - offset);
    expect(released({ maxAge: 86_400 })).toBe(authTime - offset);
    expect(released({ authTimeRequested: true })).toBe(authTime - offset);
    expect(released({}, true)).toBe(authTime - offset);
  });

  test('is exact for a max_age below 120, where a minute would fail the check', () => {
    expect(released({ maxAge: 119 })).toBe(authTime);
    expect(released({ maxAge: 0 }, true)).toBe(authTime);
  });

  test('passes the vendor’s own check of max_age, the upstream being asked for a minute less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (maxAge, f) => {
          const upstreamMaxAge = maxAge < 120 ? maxAge : maxAge - 60;
          const now = authTime + Math.floor(upstreamMaxAge * f);
          expect(now - Number(released({ maxAge }))).toBeLessThanOrEqual(maxAge);
        },
      ),
    );
  });

  test('carries no fraction, and is not there when it is no number', () => {
    const at = (value: unknown): Release =>
      idToken(input([], 'pairwise', { auth_time: value }), { maxAge: 0 });
    expect(at(authTime + 0.25).claims).toEqual({ auth_time: authTime });
    expect(at(Number.POSITIVE_INFINITY).claims).toEqual({});
    expect(at('alice-4711')).toEqual({
      claims: {},
      dropped: [{ claim: 'auth_time', why: 'malformed' }],
    });
  });

  test('is no claim of userinfo', () => {
    const given = input(['auth_time'], 'pairwise', talkative, true);
    expect(releaseUserinfoClaims(given).claims).toEqual({ sid });
  });
});

describe.each(['public', 'shadow'] as const)('a client in phase %s', (mode) => {
  test('gets what the upstream says, but for what the proxy makes itself', () => {
    const own = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'azp'];
    own.push('at_hash', 'c_hash', 's_hash', '_claim_names', '_claim_sources', 'payment');
    const rest = Object.entries(talkative).filter(([name]) => !own.includes(name));
    const expected = { ...Object.fromEntries(rest), sid };
    expect(idToken(input([], mode)).claims).toEqual(expected);
    expect(releaseUserinfoClaims(input([], mode)).claims).toEqual(expected);
  });

  test('gets auth_time as it is', () => {
    expect(idToken(input([], mode), { maxAge: 600 }).claims['auth_time']).toBe(authTime);
  });
});

describe('scopes asked of the upstream', () => {
  const all = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'orders:read'];

  test('are, for a pairwise client, those that the release policy can use', () => {
    expect(scopesFor([], all, 'pairwise')).toEqual(['openid', 'offline_access', 'orders:read']);
    expect(scopesFor(['email_verified'], all, 'pairwise')).toContain('email');
    expect(scopesFor(['name#ja'], all, 'pairwise')).toContain('profile');
    expect(scopesFor(['updated_at'], all, 'pairwise')).toContain('profile');
    expect(scopesFor(['phone_number', 'address'], all, 'pairwise')).toEqual([
      ...['openid', 'address', 'phone', 'offline_access', 'orders:read'],
    ]);
  });

  test('are all that were requested in the other phases, and never more', () => {
    expect(scopesFor([], all, 'public')).toEqual(all);
    expect(scopesFor([], all, 'shadow')).toEqual(all);
    expect(scopesFor(['email'], ['openid'], 'pairwise')).toEqual(['openid']);
  });
});
