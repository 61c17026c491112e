/*
 * Requests that begin a login on another device, or exchange a token, reach people
 * and other servers: what is malformed, too long, or asks for more than the client
 * registered must go nowhere; and what the upstream answers about somebody else
 * must not be taken for an answer.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import {
  ACCESS_TOKEN,
  CIBA,
  REFRESH_TOKEN,
  TOKEN_EXCHANGE,
  elsewhereWorld,
} from '../support/elsewhere.ts';
import { basic, postForm } from '../support/steps.ts';
import { forgedIdToken, withClaims } from '../support/upstream/forged-id-token.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { vendorSecret } from '../support/world.ts';

const GRANTS = ['authorization_code', 'refresh_token', CIBA, TOKEN_EXCHANGE, 'client_credentials'];

let world: World;
let sub: string;
let accessToken: string;
beforeAll(async () => {
  world = await elsewhereWorld([
    {
      id: 'acme',
      client: { grant_types: GRANTS, scope: 'openid profile reports' },
      upstreamClient: { grant_types: GRANTS },
    },
    { id: 'plain', client: { grant_types: ['authorization_code'] } },
  ]);
  const tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
  sub = String(tokens.claims['sub']);
  ({ accessToken } = tokens);
});
afterAll(() => world.close());
afterEach(() => world.upstream.faults.clear());

async function errorOf(path: string, form: Readonly<Record<string, string>>, id = 'acme') {
  const address = `${world.proxy.issuer}/oidc/${path}`;
  const { body } = await postForm(address, form, basic(`${id}-web`, vendorSecret(id)));
  return body['error'];
}

const ciba = (form: Readonly<Record<string, string>>, id?: string) =>
  errorOf('ciba', { scope: 'openid', ...form }, id);

describe('a backchannel request', () => {
  it.each<[string, Record<string, string>, string]>([
    ['names nobody', {}, 'invalid_request'],
    ['names two', { login_hint: 'a', id_token_hint: 'b' }, 'invalid_request'],
    [
      'names somebody by a text that no subject is',
      { login_hint: 'x'.repeat(256) },
      'unknown_user_id',
    ],
    ['names somebody by a token of no one', { id_token_hint: 'a.b.c' }, 'unknown_user_id'],
    ['is a signed one', { request: 'a.b.c' }, 'request_not_supported'],
    ['has a long message', { binding_message: 'x'.repeat(201) }, 'invalid_binding_message'],
    ['has a message of two lines', { binding_message: 'a\nb' }, 'invalid_binding_message'],
    ['has an endless expiry', { requested_expiry: '99999999' }, 'invalid_request'],
    ['has an expiry in words', { requested_expiry: 'soon' }, 'invalid_request'],
  ])('that %s reaches nobody', async (_what, form, error) => {
    const before = world.upstream.requests.length;
    expect(await ciba(form)).toBe(error);
    const asked = world.upstream.requests.slice(before).map(({ url }) => url.pathname);
    expect(asked).not.toContain('/backchannel');
  });

  it('of a client that did not register it reaches nobody', async () => {
    expect(await ciba({ login_hint: sub }, 'plain')).toBe('unauthorized_client');
    expect(await errorOf('device', { scope: 'openid' }, 'plain')).toBe('unauthorized_client');
  });

  it('may say for how long, and how well the user is to be known', async () => {
    const form = { login_hint: sub, requested_expiry: '60', acr_values: 'urn:acr:2' };
    expect(await ciba(form)).toBeUndefined();
    const sent = world.upstream.requests.findLast(({ url }) => url.pathname === '/backchannel');
    expect(new URLSearchParams(sent?.body).get('requested_expiry')).toBe('60');
    expect(new URLSearchParams(sent?.body).get('acr_values')).toBe('urn:acr:2');
  });

  it('that ends in a login of somebody else yields nothing', async () => {
    const address = `${world.proxy.issuer}/oidc/ciba`;
    const credentials = basic('acme-web', vendorSecret('acme'));
    const { body } = await postForm(address, { scope: 'openid', login_hint: sub }, credentials);
    await world.upstream.waiting.at(-1)?.decide('yes');
    const key = world.upstream.signingKey();
    world.upstream.faults.arm('token', forgedIdToken(withClaims(key, () => ({ sub: 'bob' }))));
    const form = { grant_type: CIBA, auth_req_id: String(body['auth_req_id']) };
    expect(await errorOf('token', form)).toBe('server_error');
  });
});

describe('a token exchange', () => {
  const exchange = (more: Readonly<Record<string, string>> = {}) =>
    errorOf('token', {
      grant_type: TOKEN_EXCHANGE,
      subject_token: accessToken,
      subject_token_type: ACCESS_TOKEN,
      ...more,
    });

  it.each([REFRESH_TOKEN, ACCESS_TOKEN])('of nonsense as %s is refused', async (type) => {
    const form = { subject_token: 'nonsense', subject_token_type: type };
    expect(await exchange(form)).toBe('invalid_request');
  });

  it('of a token that speaks for no user is refused', async () => {
    const address = `${world.proxy.issuer}/oidc/token`;
    const form = { grant_type: 'client_credentials', scope: 'reports' };
    const { body } = await postForm(address, form, basic('acme-web', vendorSecret('acme')));
    const own = String(body['access_token']);
    expect(own.split('.')).toHaveLength(5);
    expect(await exchange({ subject_token: own })).toBe('invalid_request');
  });

  it('for one resource is passed on, and answered for it', async () => {
    expect(await exchange({ resource: 'https://open.example/' })).toBeUndefined();
    const sent = world.upstream.requests.findLast(({ url }) => url.pathname === '/token');
    expect(new URLSearchParams(sent?.body).get('resource')).toBe('https://open.example/');
  });

  it('for two resources is refused: one token could serve the other’s reader', async () => {
    const address = `${world.proxy.issuer}/oidc/token`;
    const body = new URLSearchParams([
      ['grant_type', TOKEN_EXCHANGE],
      ['subject_token', accessToken],
      ['subject_token_type', ACCESS_TOKEN],
      ['resource', 'https://open.example/'],
      ['resource', 'https://also.example/'],
    ]);
    const headers = basic('acme-web', vendorSecret('acme'));
    const answer = await fetch(address, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ error: 'invalid_target' });
  });

  it('is not there where the upstream has none', async () => {
    const grantTypes = { grant_types_supported: ['authorization_code', 'refresh_token'] };
    world.upstream.faults.arm('discovery', withMembers(grantTypes));
    await world.proxy.application.upstream.recheck();
    expect(await exchange()).toBe('unsupported_grant_type');
    world.upstream.faults.clear();
    await world.proxy.application.upstream.recheck();
  });
});
