import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { tokenHash } from '../../src/tokens/hashes.ts';
import { Browser } from '../support/browser.ts';
import { formsIn } from '../support/page.ts';
import { askUserinfo, postForm } from '../support/steps.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * The upstream knows the code flow alone. Every response type and mode is built
 * by the proxy (OAuth 2.0 Multiple Response Types, Form Post, JARM), through
 * either front channel, and hashes are those of what the vendor really gets.
 */

const TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
  'none',
];
const MODES = [
  'query',
  'fragment',
  'form_post',
  'query.jwt',
  'fragment.jwt',
  'form_post.jwt',
  'jwt',
];

describe.each(['relay', 'callback'])('through the front channel %s', (frontChannel) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(
      [
        { id: 'acme', client: { response_types: TYPES } },
        { id: 'bolt', client: { response_types: TYPES } },
        { id: 'plain' },
        { id: 'passing', authentication: 'forwarded' },
      ],
      { environment: { FRONT_CHANNEL: frontChannel } },
    );
  });
  afterAll(() => world.close());

  const cases = TYPES.flatMap((type) =>
    [undefined, ...MODES].map((mode) => [type, mode] as const),
  ).filter(([type, mode]) => !(mode === 'query' && /token/.test(type)));

  it.each(cases)('%s in mode %s yields exactly its members', async (type, mode) => {
    const members = await logIn('acme', type, mode);
    const wanted = new Set(type.split(' '));
    expect(Object.keys(members).toSorted()).toEqual(
      [
        'iss',
        'state',
        ...(wanted.has('code') ? ['code'] : []),
        ...(wanted.has('id_token') ? ['id_token'] : []),
        ...(wanted.has('token') ? ['access_token', 'expires_in', 'scope', 'token_type'] : []),
      ].toSorted(),
    );
    expect(members['iss']).toBe(world.proxy.issuer);
    expect(members['state']).toBe('the state');

    const idToken = members['id_token'];
    if (idToken !== undefined) {
      const { payload } = await verified(idToken, 'acme-web');
      const hash = (name: string): string | undefined => {
        const value = members[name];
        return value === undefined ? undefined : tokenHash(value, 'RS256');
      };
      expect(payload['nonce']).toBe('the nonce');
      expect(payload['at_hash']).toBe(hash('access_token'));
      expect(payload['c_hash']).toBe(hash('code'));
      expect(payload['s_hash']).toBe(hash('state'));
    }
    const code = members['code'];
    if (code !== undefined) {
      const { status, body } = await redeem('acme', code);
      expect(status).toBe(200);
      const sub = decodeJwt(String(body['id_token'])).sub;
      if (idToken !== undefined) expect(decodeJwt(idToken).sub).toBe(sub);
      expect((await redeem('acme', code)).body['error']).toBe('invalid_grant');
    }
    const accessToken = members['access_token'];
    if (accessToken !== undefined && code === undefined) {
      const { status, body } = await askUserinfo(world.proxy.issuer, accessToken);
      expect(status).toBe(200);
      expect(body['sub']).toMatch(/^[a-z2-7]{52}$/);
    }
  });

  it('one user has different subjects at two vendors, in front-channel ID tokens too', async () => {
    const [acme, bolt] = await Promise.all(
      ['acme', 'bolt'].map(async (id) => {
        const { id_token: idToken } = await logIn(id, 'id_token', undefined);
        return decodeJwt(String(idToken)).sub;
      }),
    );
    expect(acme).toMatch(/^[a-z2-7]{52}$/);
    expect(bolt).toMatch(/^[a-z2-7]{52}$/);
    expect(acme).not.toBe(bolt);
  });

  it('a type that a client did not register is refused in the mode of the type', async () => {
    const { callback } = await new Browser().walk(request('plain', 'id_token', undefined));
    expect(new URLSearchParams(callback?.hash.slice(1)).get('error')).toBe('unauthorized_client');
  });

  it('a forwarded client gets a code and nothing more', async () => {
    const url = request('passing', 'code', undefined);
    url.searchParams.set('response_type', 'id_token');
    const { callback } = await new Browser().walk(url);
    expect(new URLSearchParams(callback?.hash.slice(1)).get('error')).toBe('unauthorized_client');
  });

  it('another browser than the one that began gets nothing', async () => {
    const begun = await new Browser().open(request('acme', 'id_token', 'form_post'));
    const thief = new Browser();
    const walk = await thief.walk(begun.location ?? '');
    const form = walk.page.forms[0];
    expect(form).toBeDefined();
    const sent = await thief.submit(walk.page, { username: 'alice', password: 'alice-password' });
    // The thief's browser takes our callback for a vendor's; it goes there all the same.
    const end = sent.callback === undefined ? sent.page : await thief.open(sent.callback);
    expect(end.location).toBeUndefined();
    expect(end.status).toBe(400);
    expect(end.body).not.toContain('id_token');
  });

  it('an error comes back in the mode that was asked for', async () => {
    const url = request('acme', 'id_token', 'form_post');
    url.searchParams.set('prompt', 'none');
    const { page } = await new Browser().walk(url);
    expect(fieldsOf(page.body, page.url)).toEqual({
      error: 'login_required',
      state: 'the state',
      iss: world.proxy.issuer,
    });
  });

  function request(id: string, type: string, mode: string | undefined): URL {
    const { clientId, redirectUri } = world.vendor(id);
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirectUri, response_type: type, scope: 'openid' },
      ...{ state: 'the state', nonce: 'the nonce' },
      ...(mode === undefined ? {} : { response_mode: mode }),
    }).toString();
    return url;
  }

  async function logIn(
    id: string,
    type: string,
    mode: string | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const browser = new Browser();
    const login = await browser.walk(request(id, type, mode));
    const { page, callback } = await browser.submit(login.page, {
      username: 'alice',
      password: 'alice-password',
    });
    const carrier = (mode ?? '').startsWith('form_post') ? 'form' : 'address';
    const sent = carrier === 'form' ? fieldsOf(page.body, page.url) : membersOf(callback);
    if (!(mode ?? '').endsWith('jwt')) return sent;
    expect(Object.keys(sent)).toEqual(['response']);
    const { payload } = await verified(String(sent['response']), world.vendor(id).clientId);
    const { aud: _aud, exp: _exp, ...claims } = payload;
    return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
  }

  function membersOf(callback: URL | undefined): Record<string, string> {
    if (callback === undefined) throw new Error('the login did not come back');
    return Object.fromEntries([
      ...callback.searchParams,
      ...new URLSearchParams(callback.hash.slice(1)),
    ]);
  }

  function fieldsOf(html: string, base: URL): Record<string, string> {
    const [form] = formsIn(html, base);
    if (form === undefined) throw new Error(`no form: ${html.slice(0, 300)}`);
    return { ...form.fields };
  }

  function verified(jwt: string, audience: string) {
    const keys = createRemoteJWKSet(new URL(`${world.proxy.issuer}/oidc/jwks`));
    return jwtVerify(jwt, keys, { issuer: world.proxy.issuer, audience });
  }

  function redeem(id: string, code: string) {
    const { clientId, redirectUri } = world.vendor(id);
    return postForm(`${world.proxy.issuer}/oidc/token`, {
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      ...{ client_id: clientId, client_secret: vendorSecret(id) },
    });
  }
});
