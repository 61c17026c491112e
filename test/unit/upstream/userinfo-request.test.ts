import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';

import { parseMetadata } from '../../../src/upstream/metadata.ts';
import { requestUserinfo } from '../../../src/upstream/userinfo-request.ts';
import { poolForTest, serveHttp } from './servers.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

async function ask(status: number, body: unknown, headers: OutgoingHttpHeaders = JSON_TYPE) {
  const asked: (string | undefined)[] = [];
  const origin = await serveHttp((request, response) => {
    asked.push(request.method, request.headers.authorization);
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const metadata = metadataOf(origin, { userinfo_endpoint: `${origin}/me` });
  const answer = requestUserinfo({ ...poolForTest(), metadata, accessToken: 'token' });
  return { asked, answer: await answer.catch((caught: unknown) => caught) };
}

function metadataOf(origin: string, members: Record<string, string>) {
  const document = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks`,
    ...members,
  };
  return parseMetadata(document, { issuer: origin, url: origin });
}

describe('requestUserinfo', () => {
  test('hands over the claims and the local subject', async () => {
    const { answer, asked } = await ask(200, { sub: 'alice', email: 'a@b.example' });
    expect(asked).toEqual(['GET', 'Bearer token']);
    expect(answer).toEqual({
      kind: 'claims',
      subject: 'alice',
      claims: { sub: 'alice', email: 'a@b.example' },
    });
  });

  test.each([
    [401, JSON_TYPE],
    [403, JSON_TYPE],
    [401, { 'content-type': 'text/html' }],
    [400, { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' }],
  ])('%i with %j means that the token is no longer taken', async (status, headers) => {
    expect((await ask(status, 'no', headers)).answer).toEqual({ kind: 'refused' });
  });

  test.each([
    ['no sub', 'subject_missing', 200, { email: 'alice@b.example' }, JSON_TYPE],
    ['an empty sub', 'subject_missing', 200, { sub: '' }, JSON_TYPE],
    ['a number as sub', 'subject_missing', 200, { sub: 7 }, JSON_TYPE],
    ['a signed answer', 'upstream_media_type', 200, 'e.y.J', { 'content-type': 'application/jwt' }],
    ['a page', 'upstream_media_type', 200, 'alice', { 'content-type': 'text/html' }],
    ['a list', 'upstream_malformed', 200, ['alice'], JSON_TYPE],
    ['a 400', 'upstream_status', 400, { error: 'alice' }, JSON_TYPE],
    ['a 500', 'upstream_status', 500, 'alice', JSON_TYPE],
    ['a 503', 'upstream_unavailable', 503, 'alice', JSON_TYPE],
    ['a 302', 'upstream_redirect', 302, '', { location: '/login' }],
  ])('%s is %s', async (_what, reason, status, body, headers) => {
    const { answer } = await ask(status, body, headers);
    expect(answer).toMatchObject({ name: 'Refusal', reason });
    expect(String(answer)).not.toContain('alice');
  });

  test('an upstream without the endpoint is refused', async () => {
    const metadata = metadataOf('https://idp.example', {});
    await expect(
      requestUserinfo({ ...poolForTest(), metadata, accessToken: 'token' }),
    ).rejects.toMatchObject({ reason: 'upstream_metadata' });
  });
});
