/*
 * Everything that vendors carry about is sealed. What opens, but is not what an
 * endpoint expects there, must be refused by that endpoint's own name for it; and
 * what an earlier version sealed, with fewer members, must still be understood.
 */
import { describe, expect, test } from 'vitest';

import { openAccessToken, packClientGrant } from '../../../src/protocol/access-token.ts';
import { keepEarlyCode, openCode, openPendingCode } from '../../../src/protocol/code.ts';
import { openGrantToken, packGrant, type Grant } from '../../../src/protocol/grant.ts';
import { openPendingLogin, sealPendingLogin } from '../../../src/protocol/pending-login.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import { openTransaction, unpackTransaction } from '../../../src/protocol/transaction.ts';
import { UserCodes, type UserCodeStore } from '../../../src/protocol/user-codes.ts';
import type { Result } from '../../../src/result.ts';
import { reviveReleasedSubject } from '../../../src/subjects/released.ts';
import { Sealer, type SealContents } from '../../../src/tokens/seal.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const times = { now, expiresAt: new Date(now.getTime() + 60_000) };
const later = new Date(now.getTime() + 61_000);
const sealer = new Sealer(Buffer.alloc(32, 9));
const unused = () => Promise.reject(new Error('nothing here is long'));
const seals = new Seals(sealer, { put: unused, read: unused }, 4000);

const GRANT: Grant = {
  ...{ id: 'grant', clientId: 'acme-web', subject: reviveReleasedSubject('pseudonym') },
  ...{ kind: 'pairwise', mode: 'pairwise', userIndex: Buffer.alloc(32, 1), scope: 'openid' },
  ...{ maxAge: undefined, authTimeRequested: false, resource: ['urn:a'], change: 7 },
};
/** As it was before tokens were bound to keys and resources. */
const EARLIER: SealContents = { ...packGrant(GRANT), t: 'upstream-token' };
delete EARLIER['r'];
delete EARLIER['j'];
const NOBODY: SealContents = { ...EARLIER };
delete NOBODY['u'];

async function outcome<T>(result: Promise<Result<T>>): Promise<T | string> {
  const settled = await result;
  return settled.ok ? settled.value : settled.reason;
}

describe('a token of a grant', () => {
  const opened = async (contents: SealContents, at = now) =>
    outcome(
      openGrantToken(
        seals,
        'refresh_token',
        await seals.seal('refresh_token', contents, times),
        at,
      ),
    );

  test('of an earlier version opens, bound to nothing and for no resource', async () => {
    expect(await opened(EARLIER)).toMatchObject({
      upstreamToken: 'upstream-token',
      grant: { ...GRANT, userIndex: new Uint8Array(GRANT.userIndex), resource: [], jkt: undefined },
    });
  });

  test('is refused where no user is in it, where it is of a JWT, and when its time is over', async () => {
    expect(await opened(NOBODY)).toBe('refresh_invalid');
    expect(await opened({ ...EARLIER, i: 'jti' })).toBe('refresh_invalid');
    expect(await opened(EARLIER, later)).toBe('refresh_expired');
    expect(await outcome(openGrantToken(seals, 'refresh_token', 'x', now))).toBe('refresh_invalid');
  });
});

describe('an access token', () => {
  const parts = (at = now) => ({
    ...{ issuer: 'https://login.example', seals, clock: () => at },
    publicKeys: () => [],
  });
  const opened = async (contents: SealContents, at = now) =>
    outcome(openAccessToken(parts(at), await seals.seal('access_token', contents, times)));

  test('of an earlier version opens', async () => {
    expect(await opened(EARLIER)).toMatchObject({ kind: 'user', grant: { resource: [] } });
  });

  test('of a client alone keeps the key and the resources that it is for', async () => {
    const grant = {
      ...{ clientId: 'acme-web', scope: 'reports', resource: ['urn:a'], change: 7 },
      jkt: 'thumbprint',
    };
    const contents = { ...packClientGrant(grant), t: 'upstream-token' };
    expect(await opened(contents)).toMatchObject({ kind: 'client', grant });
    const { r: _resource, ...earlier }: SealContents = contents;
    expect(await opened(earlier)).toMatchObject({ grant: { resource: [] } });
  });

  test('is refused where no user is in it, and when its time is over', async () => {
    expect(await opened(NOBODY)).toBe('token_invalid');
    expect(await opened(EARLIER, later)).toBe('token_expired');
  });

  test('does not serve outside of the JWT that it was sealed into', async () => {
    expect(await opened({ ...EARLIER, i: 'jti' })).toBe('token_invalid');
  });
});

describe('a code', () => {
  const code = async (contents: SealContents, at = now) =>
    outcome(openCode(seals, await seals.seal('code', contents, times), at));

  test('of the early way tells what the upstream told, however little that was', async () => {
    const told = {
      t: 'upstream-token',
      l: null,
      f: null,
      v: '{"sub":"alice"}',
      u: 'alice',
      a: 'RS256',
    };
    const opened = await code({ ...told, g: packGrant(GRANT), r: { c: 'acme-web' } });
    expect(opened).toMatchObject({
      way: 'early',
      tokens: { expiresIn: undefined, refreshToken: undefined, scope: 'openid' },
    });
  });

  describe('of the early way that is redeemed late', () => {
    const kept = new Map<string, string>();
    const keeping = new Seals(
      sealer,
      {
        put: async (_purpose, sealed) => {
          const reference = 'r'.repeat(43);
          kept.set(reference, sealed);
          return reference;
        },
        read: async (_purpose, reference) => kept.get(reference),
      },
      4000,
    );
    const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
    /** The code of a login whose ID token is good for so many seconds. */
    const early = (idTokenSeconds: number): Promise<string> =>
      keepEarlyCode(
        keeping,
        {
          transaction: unpackTransaction({ c: 'acme-web', e: [] }),
          grant: GRANT,
          tokens: {
            ...{ kind: 'tokens', accessToken: 'u', tokenType: 'Bearer', expiresIn: 600 },
            ...{ refreshToken: undefined, idToken: undefined, scope: 'openid' },
          },
          verified: {
            claims: { exp: now.getTime() / 1000 + idTokenSeconds },
            ...{ subject: 'alice', algorithm: 'RS256' },
          },
        },
        now,
      );

    test('says for how long its access token is still good', async () => {
      const opened = await outcome(openCode(keeping, await early(3600), after(240)));
      expect(opened).toMatchObject({ way: 'early', tokens: { expiresIn: 360 } });
    });

    test('is over with the ID token that it stands for', async () => {
      const code = await early(60);
      expect(await outcome(openCode(keeping, code, after(59)))).toMatchObject({ way: 'early' });
      expect(await outcome(openCode(keeping, code, after(61)))).toBe('code_expired');
    });
  });

  test('is refused where no user is in it, and when its time is over', async () => {
    const { t: _token, ...grant } = NOBODY;
    expect(await code({ g: grant, r: {} })).toBe('code_invalid');
    expect(await code({}, later)).toBe('code_expired');
    expect(await outcome(openCode(seals, 'x', now))).toBe('code_invalid');
  });

  test('on its way from the relay is no answer of ours where it does not open', async () => {
    expect(await outcome(openPendingCode(seals, 'x', now))).toBe('response_foreign');
  });
});

describe('a login that goes on elsewhere', () => {
  test('has a time, and then another name than what was never ours', async () => {
    const login = {
      ...{ clientId: 'a', upstreamValue: 'u', scope: 'openid', hinted: undefined },
      change: 7,
    };
    const value = await sealPendingLogin(seals, 'device_code', login, times);
    expect(await outcome(openPendingLogin(seals, 'device_code', value, now))).toMatchObject(login);
    const late = openPendingLogin(seals, 'device_code', value, later);
    expect(await outcome(late)).toBe('authorization_expired');
    const other = openPendingLogin(seals, 'auth_req_id', value, now);
    expect(await outcome(other)).toBe('pending_login_invalid');
  });
});

describe('a transaction', () => {
  test('of an earlier version opens as a plain login with a code', async () => {
    const state = await seals.seal('transaction', { i: 'id', c: 'acme-web' }, times);
    expect(await outcome(openTransaction(seals, state, now))).toMatchObject({
      ...{ responseType: 'code', responseMode: 'query', frontChannel: 'relay', resource: [] },
      ...{ upstreamPkce: false, loginHint: undefined, hinted: undefined, dpopJkt: undefined },
    });
    const jwt = await seals.seal('transaction', { i: 'id', d: 'jwt' }, times);
    expect(await outcome(openTransaction(seals, jwt, now))).toMatchObject({
      responseMode: 'query',
    });
  });

  test('that is not ours is an answer that is not ours', async () => {
    expect(await outcome(openTransaction(seals, 'x', now))).toBe('response_foreign');
  });
});

describe('a user code', () => {
  const kept = new Map<string, string>();
  let taken = 0;
  /** As the database does it: a name is given once. */
  const store: UserCodeStore = {
    put: async (name, sealed) => {
      taken -= 1;
      if (taken >= 0) return false;
      kept.set(name, sealed);
      return true;
    },
    read: async (name) => kept.get(name),
  };
  const codes = new UserCodes(store, sealer);
  const login = {
    ...{ clientId: 'acme-web', upstreamUserCode: 'UPST-REAM', complete: true },
    page: new URL('https://legacy.example/device'),
  };

  test('is found however people type it', async () => {
    const code = await codes.issue(login, times);
    expect(code).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
    const typed = [
      code,
      code.toLowerCase(),
      code.replace('-', ''),
      ` ${code.split('').join(' ')} `,
    ];
    for (const text of typed) expect(await codes.find(text, now)).toEqual(login);
  });

  test('that is none stands for nothing: too short, too long, unknown, over, not ours', async () => {
    const code = await codes.issue(login, times);
    kept.set('ZZZZZZZZ', 'not a seal');
    for (const text of ['', 'BBBB', `${code}${'-'.repeat(40)}`, 'ZZZZ-ZZZZ', 'WWWW-WWWW']) {
      expect(await codes.find(text, now)).toBeUndefined();
    }
    expect(await codes.find(code, later)).toBeUndefined();
  });

  test('is another where one was taken, and none is given where all seem to be', async () => {
    taken = 4;
    expect(await codes.issue(login, times)).toMatch(/-/);
    taken = 5;
    await expect(codes.issue(login, times)).rejects.toMatchObject({ reason: 'unexpected' });
  });
});
