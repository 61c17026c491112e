import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';

import { makeAccessToken } from '../../../src/protocol/access-token.ts';
import { encryptionTarget } from '../../../src/protocol/encrypted-answer.ts';
import { subjectInSectorOf } from '../../../src/protocol/introspection-view.ts';
import { answeredOrTold, answerOf } from '../../../src/protocol/login-answer.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import { fallen, standingClient } from '../../../src/protocol/standing.ts';
import { grantedScope, lifetimeOf, requireStanding } from '../../../src/protocol/token-issue.ts';
import { Refusal } from '../../../src/errors.ts';
import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
import { generateSigningKey, importSigningKey } from '../../../src/tokens/signing-keys.ts';
import type { SigningKey } from '../../../src/tokens/signing-keys.ts';
import { clientWith, grantWith, NOW, reasonOf, requestWith } from './given.ts';

let key: SigningKey;
beforeAll(async () => {
  const imported = await importSigningKey(await generateSigningKey('ES256', NOW));
  if (!imported.ok) throw new Error(imported.reason);
  key = imported.value;
});

describe('the life of an access token', () => {
  test.each([
    [90, 60],
    [3600, 3600],
    [3659, 3600],
    [59, 59],
    [undefined, 3600],
  ])('of %s seconds at the upstream is one of %s here: none tells an instant', (theirs, ours) => {
    expect(lifetimeOf({ expiresIn: theirs })).toBe(ours);
  });
});

test('what was granted is what was asked for, or less, whatever the upstream says', () => {
  expect(grantedScope(undefined, 'openid email')).toBe('openid email');
  expect(grantedScope('email root openid', 'openid email')).toBe('email openid');
});

describe('the audience of a JWT access token', () => {
  const unused = () => Promise.reject(new Error('nothing here is long'));
  const parts = {
    issuer: 'https://login.example',
    seals: new Seals(new Sealer(Buffer.alloc(32, 9)), { put: unused, read: unused }, 4000),
    signingKey: () => key,
  };
  const audience = async (resource: readonly string[], resources?: readonly string[]) => {
    const client = clientWith({ access_token_format: 'jwt', resources });
    const { accessToken } = await makeAccessToken(parts, {
      ...{ client, resource, scope: 'openid', claims: () => ({}), contents: {}, jkt: undefined },
      subject: reviveReleasedSubject('pseudonym'),
      ...{ upstreamToken: 'u', now: NOW, lifetime: 60 },
    });
    return decodeJwt(accessToken).aud;
  };

  test('is what was asked for, or the first that the client registered', async () => {
    expect(await audience(['urn:a'], ['urn:a', 'urn:b'])).toBe('urn:a');
    expect(await audience(['urn:a', 'urn:b'], ['urn:a', 'urn:b'])).toEqual(['urn:a', 'urn:b']);
    expect(await audience([], ['urn:a', 'urn:b'])).toBe('urn:a');
  });

  test('is nobody where the client has registered none: no API is to take it', async () => {
    expect(await audience([])).toEqual([]);
  });
});

describe('a grant stands', () => {
  const client = clientWith({}, { notBefore: 5 });
  const REASONS = {
    gone: 'token_invalid',
    revoked: 'refresh_invalid',
    ended: 'code_invalid',
    continuity: 'code_expired',
  } as const;
  const registry = (changes: object = {}) => ({
    ...{ find: () => client, isRevoked: () => false, isEnded: () => false },
    ...changes,
  });

  test('until it is revoked, or ended with its client, its user or its time', () => {
    const { isRevoked, isEnded } = { isRevoked: () => true, isEnded: () => true };
    expect(fallen(grantWith(), client, registry(), NOW)).toBeUndefined();
    expect(fallen(grantWith(), client, registry({ isRevoked }), NOW)).toBe('revoked');
    expect(fallen(grantWith(), client, registry({ isEnded }), NOW)).toBe('ended');
    expect(fallen(grantWith({ change: 4 }), client, registry(), NOW)).toBe('ended');
  });

  test('for a client that is there, and each endpoint says it in its own words', async () => {
    const gone = registry({ find: () => undefined });
    const ask = (of: ReturnType<typeof registry>, grant = grantWith()) =>
      reasonOf(() => standingClient(grant, of, NOW, REASONS));
    expect(await ask(registry())).toBeUndefined();
    expect(await ask(gone)).toBe('token_invalid');
    expect(await ask(registry(), grantWith({ change: 4 }))).toBe('code_invalid');
  });

  test('or nothing leaves, also where it fell while tokens were made', async () => {
    const ask = (of: object, grant = grantWith()) => {
      const clients = { ...registry(), change: 9, ...of };
      const issue = { grant, ended: 'code_invalid' } as const;
      return reasonOf(() => requireStanding({ clients, clock: () => NOW }, issue));
    };
    expect(await ask({})).toBeUndefined();
    expect(await ask({ find: () => undefined })).toBe('code_invalid');
    expect(await ask({ isEnded: () => true })).toBe('code_invalid');
  });
});

describe('an answer to a login', () => {
  const transaction = {
    ...{ clientId: 'acme', redirectUri: 'https://acme.example/callback', state: 's' },
    responseMode: 'query',
  } as Parameters<typeof answerOf>[1];
  const parts = (client: ReturnType<typeof clientWith> | undefined) => ({
    issuer: 'https://login.example',
    clients: { find: () => client },
    signAnswer: () => () => Promise.reject(new Error('nothing here is signed')),
  });

  test('goes nowhere where its client is gone, or has taken its address back', async () => {
    expect(await reasonOf(() => answerOf(parts(undefined), transaction))).toBe('client_unknown');
    const moved = clientWith({ redirect_uris: ['https://moved.example/'] });
    const unregistered = 'redirect_uri_unregistered';
    expect(await reasonOf(() => answerOf(parts(moved), transaction))).toBe(unregistered);
  });

  test.each([
    ['hint_mismatch', 'login_required'],
    ['upstream_timeout', 'temporarily_unavailable'],
    ['id_token_signature', 'server_error'],
  ] as const)('tells the vendor of %s as %s', async (reason, error) => {
    const to = answerOf(parts(clientWith()), transaction);
    const answer = await answeredOrTold(to, requestWith(), () => {
      throw new Refusal(reason);
    });
    const location = answer.kind === 'redirect' ? answer.location : '';
    expect(new URL(location).searchParams.get('error')).toBe(error);
  });

  test('is none where the fault is ours and nobody knows it', async () => {
    const to = answerOf(parts(clientWith()), transaction);
    const work = () => answeredOrTold(to, requestWith(), () => Promise.reject(new TypeError('x')));
    await expect(work()).rejects.toThrow(TypeError);
  });
});

test('a client that wants its answers encrypted gets none without a key that fits', async () => {
  const wish = { alg: 'RSA-OAEP-256', enc: undefined } as const;
  const target = (keys: Parameters<typeof encryptionTarget>[2]) =>
    encryptionTarget(clientWith(), wish, keys);
  const key = { kty: 'RSA', n: 'n', e: 'AQAB' } as const;
  expect(await target(async () => [key])).toEqual({
    ...{ key, alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' },
  });
  expect(await reasonOf(() => target(async () => []))).toBe('client_key_missing');
});

test('a token that speaks for no user has no subject in anybody’s sector', async () => {
  const token = { user: undefined } as Parameters<typeof subjectInSectorOf>[3];
  const nobody = {} as Parameters<typeof subjectInSectorOf>[0];
  expect(await subjectInSectorOf(nobody, clientWith(), clientWith(), token)).toBeUndefined();
});
