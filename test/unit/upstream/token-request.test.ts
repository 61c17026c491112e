import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';

import { parseMetadata } from '../../../src/upstream/metadata.ts';
import { redeemCode, refreshTokens } from '../../../src/upstream/token-request.ts';
import { poolForTest, serveHttp } from './servers.ts';

const CREDENTIALS = { clientId: 'app', clientSecret: 'secret' };

/** A token endpoint that gives one answer, and notes what it was asked. */
async function tokenEndpoint(status: number, body: unknown, mediaType = 'application/json') {
  const asked: { authorization: string | undefined; form: Record<string, string> }[] = [];
  const origin = await serveHttp(async (request, response) => {
    let form = '';
    for await (const chunk of request) form += String(chunk);
    asked.push({
      authorization: request.headers.authorization,
      form: Object.fromEntries(new URLSearchParams(form)),
    });
    response.writeHead(status, { 'content-type': mediaType });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const metadata = parseMetadata(
    {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/jwks`,
    },
    { issuer: origin, url: origin },
  );
  const { exchange } = poolForTest();
  const common = { exchange, metadata, credentials: CREDENTIALS };
  const redeem = () =>
    redeemCode({ ...common, code: 'c', redirectUri: 'https://v.example/cb', codeVerifier: 'v' });
  return { common, redeem, asked };
}

describe('requests', () => {
  test('a code is redeemed with its redirect URI and verifier', async () => {
    const { redeem, asked } = await tokenEndpoint(200, { access_token: 'a' });
    await redeem();
    expect(asked).toEqual([
      {
        authorization: `Basic ${btoa('app:secret')}`,
        form: {
          grant_type: 'authorization_code',
          code: 'c',
          redirect_uri: 'https://v.example/cb',
          code_verifier: 'v',
        },
      },
    ]);
  });

  test('a public client names itself, and sends no verifier where there was no challenge', async () => {
    const { common, asked } = await tokenEndpoint(200, { access_token: 'a' });
    await redeemCode({
      ...common,
      credentials: { clientId: 'app', clientSecret: undefined },
      code: 'c',
      redirectUri: 'https://v.example/cb',
      codeVerifier: undefined,
    });
    expect(asked[0]?.authorization).toBeUndefined();
    expect(asked[0]?.form).toMatchObject({ client_id: 'app' });
    expect(asked[0]?.form).not.toHaveProperty('code_verifier');
  });

  test('tokens are refreshed, with a scope only where one is given', async () => {
    const { common, asked } = await tokenEndpoint(200, { access_token: 'a' });
    await refreshTokens({ ...common, refreshToken: 'r' });
    await refreshTokens({ ...common, refreshToken: 'r', scope: 'openid' });
    expect(asked.map(({ form }) => form)).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'r' },
      { grant_type: 'refresh_token', refresh_token: 'r', scope: 'openid' },
    ]);
  });
});

describe('tokens', () => {
  test('known members are read, all others dropped', async () => {
    const { redeem } = await tokenEndpoint(200, {
      access_token: 'a',
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: 'r',
      id_token: 'i',
      scope: 'openid email',
      username: 'alice',
      session_state: 'x',
    });
    expect(await redeem()).toEqual({
      kind: 'tokens',
      accessToken: 'a',
      tokenType: 'Bearer',
      expiresIn: 3600,
      refreshToken: 'r',
      idToken: 'i',
      scope: 'openid email',
    });
  });

  test.each([
    ['no token type', {}, {}],
    ['a token type in capitals', { token_type: 'BEARER' }, {}],
    ['seconds as text', { expires_in: '3600' }, { expiresIn: 3600 }],
    ['seconds as a fraction', { expires_in: 3599.5 }, { expiresIn: 3599 }],
    ['null where nothing is', { expires_in: null, refresh_token: null, id_token: '' }, {}],
    ['scopes as a list', { scope: ['openid', 'email'] }, { scope: 'openid email' }],
    ['an empty error beside the tokens', { error: null }, {}],
  ])('%s is evened out', async (_what, members, expected) => {
    const { redeem } = await tokenEndpoint(200, { access_token: 'a', ...members });
    expect(await redeem()).toEqual({
      kind: 'tokens',
      accessToken: 'a',
      tokenType: 'Bearer',
      expiresIn: undefined,
      refreshToken: undefined,
      idToken: undefined,
      scope: undefined,
      ...expected,
    });
  });

  test.each([
    ['no access token', 'upstream_token_missing', { access_token: undefined }],
    ['an empty access token', 'upstream_token_missing', { access_token: '' }],
    ['a number as access token', 'upstream_malformed', { access_token: 7 }],
    ['a line feed in a token', 'upstream_malformed', { access_token: 'alice\r\nx: y' }],
    ['a token without end', 'upstream_malformed', { id_token: 'x'.repeat(64 * 1024 + 1) }],
    ['an object as refresh token', 'upstream_malformed', { refresh_token: { a: 1 } }],
    ['another token type', 'upstream_malformed', { token_type: 'mac' }],
    ['a negative lifetime', 'upstream_malformed', { expires_in: -1 }],
    ['a lifetime in words', 'upstream_malformed', { expires_in: 'soon' }],
    ['a lifetime without end', 'upstream_malformed', { expires_in: 1e300 }],
    ['a number as scope', 'upstream_malformed', { scope: 1 }],
  ])('%s: %s', async (_what, reason, members) => {
    const { redeem } = await tokenEndpoint(200, { access_token: 'a', ...members });
    const error: unknown = await redeem().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ reason });
    expect(inspect(error)).not.toContain('alice');
  });
});

describe('refusals', () => {
  test.each([
    [400, { error: 'invalid_grant' }, 'invalid_grant'],
    [400, { error: 'INVALID-GRANT' }, 'invalid_grant'],
    [403, { error: 'invalid_grant' }, 'invalid_grant'],
    [200, { error: 'invalid_grant' }, 'invalid_grant'],
    [200, { error: 'bad_verification_code', access_token: 'a' }, 'invalid_grant'],
    [400, { error: 'authorization_code_expired' }, 'invalid_grant'],
    [401, { error: 'invalid_client' }, 'invalid_client'],
    [400, { error: 'invalid_client' }, 'invalid_client'],
    [400, { error: 'unauthorized_client' }, 'unauthorized_client'],
    [401, { error: 'AADSTS7000215' }, 'invalid_client'],
    [401, { message: 'no' }, 'invalid_client'],
    [400, { error: { code: 'invalid_grant', message: 'no' } }, 'invalid_grant'],
    [400, { error: { type: 'OAuthException', code: 100 } }, 'invalid_grant'],
    [400, { error: 'invalid_scope' }, 'invalid_scope'],
    [400, { error: 'temporarily_unavailable' }, 'temporarily_unavailable'],
  ])('%i with %j is %s', async (status, body, error) => {
    const { redeem } = await tokenEndpoint(status, body);
    expect(await redeem()).toMatchObject({ kind: 'refused', error });
  });

  test('the upstream’s own words are kept for the log, short and on one line', async () => {
    const { redeem } = await tokenEndpoint(400, {
      error: 'invalid_grant',
      error_description: `a\nb\u001b[31m${'x'.repeat(1000)}`,
    });
    const refused = await redeem();
    expect(refused).toMatchObject({ upstreamError: 'invalid_grant' });
    const { upstreamDescription = '' } = refused as { upstreamDescription?: string };
    expect(upstreamDescription).toMatch(/^a b \[31mx+$/);
    expect(upstreamDescription).toHaveLength(200);
  });

  test('a 401 in plain text still says that the client was refused', async () => {
    const { redeem } = await tokenEndpoint(401, 'Unauthorized', 'text/plain');
    expect(await redeem()).toMatchObject({ kind: 'refused', error: 'invalid_client' });
  });

  test.each([
    ['a page', 'upstream_media_type', 200, '<html>alice</html>', 'text/html'],
    ['a 400 in plain text', 'upstream_status', 400, 'no alice', 'text/plain'],
    ['a 400 that is not JSON', 'upstream_status', 400, 'no alice', 'application/json'],
    ['a 404', 'upstream_status', 404, { error: 'invalid_grant' }, 'application/json'],
    ['a 500', 'upstream_status', 500, { error: 'invalid_grant' }, 'application/json'],
    ['a server_error', 'upstream_status', 400, { error: 'server_error' }, 'application/json'],
    ['a 503', 'upstream_unavailable', 503, 'alice', 'text/plain'],
    ['a 429', 'upstream_unavailable', 429, 'alice', 'text/plain'],
    ['a 302', 'upstream_redirect', 302, 'alice', 'text/plain'],
    ['JSON that is cut', 'upstream_malformed', 200, '{"access_token":"alice', 'application/json'],
    ['a list', 'upstream_malformed', 200, ['alice'], 'application/json'],
  ])('%s is %s', async (_what, reason, status, body, mediaType) => {
    const { redeem } = await tokenEndpoint(status, body, mediaType);
    const error: unknown = await redeem().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ reason });
    expect(inspect(error)).not.toContain('alice');
  });
});
