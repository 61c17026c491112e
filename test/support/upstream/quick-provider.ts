import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { encoded } from '../hand-made-jws.ts';
import { listen } from '../listen.ts';

/** A provider that costs next to nothing, for loads of thousands of users. */
export interface QuickProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

interface Code {
  readonly user: string;
  readonly nonce: string;
  readonly clientId: string;
}

/**
 * Starts a provider without pages: whoever has a cookie `user` is logged in under that
 * name. Codes are good once, ID tokens are signed (ES256), and nothing else is judged.
 */
export async function startQuickProvider(): Promise<QuickProvider> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'quick', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, Code>();
  let issuer = '';
  let made = 0;

  const signed = (claims: object): string => {
    const data = `${encoded({ alg: 'ES256', kid: 'quick' })}.${encoded(claims)}`;
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${data}.${sign('sha256', Buffer.from(data), key).toString('base64url')}`;
  };
  const json = (response: ServerResponse, body: object, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const authorize = (request: IncomingMessage, response: ServerResponse, url: URL): void => {
    const query = url.searchParams;
    const user = /(?:^|; )user=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const code = createHash('sha256')
      .update(String((made += 1)))
      .digest('base64url');
    const clientId = query.get('client_id') ?? '';
    codes.set(code, { user, nonce: query.get('nonce') ?? '', clientId });
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    response.writeHead(302, { location: back.href }).end();
  };
  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const code = new URLSearchParams(await text(request)).get('code') ?? '';
    const { user, nonce, clientId } = codes.get(code) ?? {};
    codes.delete(code);
    if (user === undefined) return json(response, { error: 'invalid_grant' }, 400);
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 600 };
    json(response, {
      ...{ access_token: `quick-${code}`, token_type: 'Bearer', expires_in: 600 },
      id_token: signed({ iss: issuer, sub: user, aud: clientId, nonce, ...times }),
    });
  };
  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    if (url.pathname === '/auth') return authorize(request, response, url);
    if (url.pathname === '/token') return void token(request, response);
    if (url.pathname === '/jwks') return json(response, { keys: [jwk] });
    json(response, {
      issuer,
      ...{ authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` },
      ...{ jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/me` },
      ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
      ...{ id_token_signing_alg_values_supported: ['ES256'] },
      code_challenge_methods_supported: ['S256'],
    });
  });
  issuer = `http://localhost:${server.port}`;
  return { issuer, close: () => server.close() };
}
