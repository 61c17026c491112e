import { decodeJwt } from 'jose';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  clientCredentialsGrant,
  discovery,
} from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { member, members, vendorByHand } from '../support/by-hand.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * A vendor's own software asks for a token of its own (RFC 6749 4.4): there is no
 * user in it, so its subject is the vendor's client id and nothing is mapped.
 */

const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];
const SCOPE = 'openid profile reports';
const API = 'https://api.acme.example';
const client = { grant_types: GRANTS, scope: SCOPE };
const upstreamClient = { grant_types: GRANTS };

let world: World;
beforeAll(async () => {
  world = await createWorld([
    { id: 'acme', client, upstreamClient },
    {
      ...{ id: 'jwt', upstreamClient },
      client: { ...client, access_token_format: 'jwt', resources: [API] },
    },
    { id: 'passing', authentication: 'forwarded', client, upstreamClient },
    { id: 'plain' },
    {
      id: 'alone',
      client: {
        ...{ grant_types: ['client_credentials'], scope: 'reports' },
        ...{ redirect_uris: [], post_logout_redirect_uris: [] },
      },
      upstreamClient,
    },
  ]);
});
afterAll(() => world.close());

describe('client_credentials', () => {
  it('gives openid-client a sealed token, and nothing of a user', async () => {
    const configuration = await discovery(
      new URL(world.proxy.issuer),
      'acme-web',
      undefined,
      ClientSecretBasic(vendorSecret('acme')),
      { execute: [allowInsecureRequests] },
    );
    const tokens = await clientCredentialsGrant(configuration, { scope: 'reports' });
    expect(Object.keys(tokens).toSorted()).toEqual(
      'access_token expires_in scope token_type'.split(' '),
    );
    expect(tokens.access_token.split('.')).toHaveLength(5);
    expect(tokens.scope).toBe('reports');
  });

  it('names the vendor’s client id as the subject, and the default resource', async () => {
    const answer = await ask('jwt', { scope: 'reports' });
    expect(decodeJwt(member(answer, 'access_token'))).toMatchObject({
      ...{ iss: world.proxy.issuer, sub: 'jwt-web', client_id: 'jwt-web' },
      ...{ aud: API, scope: 'reports' },
    });
  });

  it('works with a forwarded credential', async () => {
    expect((await ask('passing', { scope: 'reports' })).status).toBe(200);
  });

  it('passes on neither an ID token nor a refresh token nor strange members', async () => {
    const more = { id_token: 'a.b.c', refresh_token: 'rrrr', username: 'service-account' };
    world.upstream.faults.arm(
      'token',
      altered((answer) => withJson(answer, { ...jsonIn(answer), ...more, scope: 'reports root' })),
    );
    const answer = await ask('acme', { scope: 'reports' });
    world.upstream.faults.clear();
    expect(Object.keys(members(answer)).toSorted()).toEqual(
      'access_token expires_in scope token_type'.split(' '),
    );
    expect(member(answer, 'scope')).toBe('reports');
  });

  it.each(['acme', 'jwt'])('yields a token of %s that userinfo refuses', async (id) => {
    const token = member(await ask(id, { scope: 'reports' }), 'access_token');
    const answer = await vendorByHand(world, id).userinfo(token);
    expect(answer.status).toBe(401);
    expect(member(answer, 'error')).toBe('invalid_token');
  });

  it.each(['openid', 'offline_access', 'email', 'directory'])(
    'is refused for the scope %s',
    async (scope) => {
      expect(member(await ask('acme', { scope }), 'error')).toBe('invalid_scope');
    },
  );

  it('says so where the provider refuses the scope', async () => {
    world.upstream.faults.arm(
      'token',
      altered((answer) => ({ ...withJson(answer, { error: 'invalid_scope' }), status: 400 })),
    );
    const answer = await ask('acme', { scope: 'reports' });
    world.upstream.faults.clear();
    expect(member(answer, 'error')).toBe('invalid_scope');
  });

  it('is refused for a client that did not register it', async () => {
    expect(member(await ask('plain', {}), 'error')).toBe('unauthorized_client');
  });

  it.each(['password', 'urn:ietf:params:oauth:grant-type:jwt-bearer'])(
    'opens no door for %s',
    async (grantType) => {
      const answer = await ask('acme', { grant_type: grantType, username: 'alice' });
      expect(member(answer, 'error')).toBe('unsupported_grant_type');
    },
  );
});

describe('a client that has nothing but client_credentials', () => {
  it('needs no redirect URI to get its tokens', async () => {
    const answer = await ask('alone', {});
    expect(member(answer, 'scope')).toBe('reports');
  });

  it('logs nobody in, by any response type', async () => {
    const party = vendorByHand(world, 'alone');
    for (const responseType of ['code', 'none', 'id_token']) {
      const { url } = party.request({ scope: 'openid', response_type: responseType });
      const answer = await fetch(url, { redirect: 'manual' });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('location')).toBeNull();
    }
    const code = await party.token({ grant_type: 'authorization_code', code: 'x' });
    expect(member(code, 'error')).toBe('unauthorized_client');
  });
});

describe('at registration', () => {
  it('a public client cannot have it', async () => {
    const entry = { token_endpoint_auth_method: 'none', upstream: { client_id: 'x' } };
    await expect(register(entry)).rejects.toThrow(/client_credentials/);
  });

  it('a client whose upstream client has no credential cannot have it', async () => {
    const entry = { client_secret: 'at-the-proxy', upstream: { client_id: 'x' } };
    await expect(register(entry)).rejects.toThrow(/client_credentials/);
  });
});

function ask(id: string, form: Readonly<Record<string, string>>) {
  return vendorByHand(world, id).token({ grant_type: 'client_credentials', ...form });
}

function register(entry: object): Promise<void> {
  const usual = { client_id: 'new', redirect_uris: ['https://new.example/cb'], phase: 'shadow' };
  return world.proxy.apply([{ id: 'new', clients: [{ ...usual, ...client, ...entry }] }]);
}
