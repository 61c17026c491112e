import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { DpopKey, codeForm, tokenRequest } from '../support/dpop.ts';
import {
  ACCESS_TOKEN,
  CIBA,
  DEVICE_CODE,
  REFRESH_TOKEN,
  TOKEN_EXCHANGE,
  connectDevice,
  elsewhereWorld,
} from '../support/elsewhere.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { Answer as UpstreamAnswer } from '../support/upstream/answer.ts';
import { jsonIn, send, withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { vendorSecret } from '../support/world.ts';

/*
 * A vendor uses logins on other devices to get at what is not its own: another
 * vendor's codes and tokens, a second set of tokens for one login, a user whom it
 * was never told of. It must learn nothing, not even whether that user exists.
 */

let world: World;
let replica: TestProxy;
const held = new Map<string, Tokens>();
beforeAll(async () => {
  world = await elsewhereWorld();
  replica = await world.proxy.replica();
  for (const id of ['acme', 'bolt']) {
    held.set(id, await world.vendor(id).logIn(new Browser(), 'alice'));
  }
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(
  id: string,
  path: string,
  form: Readonly<Record<string, string>>,
  issuer = world.proxy.issuer,
): Promise<Answer> {
  const credentials = `${world.vendor(id).clientId}:${vendorSecret(id)}`;
  const response = await fetch(`${issuer}/oidc/${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(credentials)}` },
    body: new URLSearchParams({ ...form }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function deviceOf(id: string): Promise<Readonly<Record<string, string>>> {
  const { body } = await post(id, 'device', { scope: 'openid' });
  return body as Record<string, string>;
}

const poll = (id: string, code: string | undefined, issuer?: string): Promise<Answer> =>
  post(id, 'token', { grant_type: DEVICE_CODE, device_code: code ?? '' }, issuer);

describe('a device_code', () => {
  it('of another client is refused, and stays good for its own', async () => {
    const device = await deviceOf('acme');
    await connectDevice(device['verification_uri_complete'] ?? '', 'alice');
    expect((await poll('bolt', device['device_code'])).body['error']).toBe('invalid_grant');
    expect((await poll('acme', device['device_code'])).status).toBe(200);
  });

  it('that comes again is refused in every replica, and its tokens are revoked', async () => {
    const device = await deviceOf('acme');
    await connectDevice(device['verification_uri_complete'] ?? '', 'alice');
    const first = await poll('acme', device['device_code']);
    const again = await poll('acme', device['device_code'], replica.issuer);
    expect(again.body['error']).toBe('invalid_grant');
    await world.proxy.application.registry.refresh();
    const refreshed = await post('acme', 'token', {
      grant_type: 'refresh_token',
      refresh_token: String(first.body['refresh_token']),
    });
    expect(refreshed.body['error']).toBe('invalid_grant');
  });

  it('that two replicas poll with at once yields tokens once, also where the upstream gives them twice', async () => {
    const device = await deviceOf('acme');
    await connectDevice(device['verification_uri_complete'] ?? '', 'alice');
    const answers: UpstreamAnswer[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    world.upstream.faults.arm(
      'token',
      async (response, answer) => {
        answers.push(answer);
        if (answers.length === 2) resolve();
        await both;
        send(response, answers.find(({ status }) => status === 200) ?? answer);
      },
      2,
    );
    const polls = [world.proxy, replica].map(({ issuer }) =>
      poll('acme', device['device_code'], issuer),
    );
    const outcomes = (await Promise.all(polls)).toSorted((one, other) => one.status - other.status);
    expect(outcomes.map(({ status }) => status)).toEqual([200, 400]);
    expect(outcomes[1]?.body['error']).toBe('invalid_grant');
    // Who was second may have been the thief, or the first.
    await world.proxy.application.registry.refresh();
    const refresh_token = String(outcomes[0]?.body['refresh_token']);
    const refreshed = await post('acme', 'token', { grant_type: 'refresh_token', refresh_token });
    expect(refreshed.body['error']).toBe('invalid_grant');
  });

  it('of the upstream, taken from its page, is refused', async () => {
    const device = await deviceOf('acme');
    const page = await new Browser().open(device['verification_uri_complete'] ?? '');
    const upstreamCode = /user_code=([\w-]+)/.exec(page.body)?.[1] ?? '';
    expect(upstreamCode).not.toBe('');
    expect(upstreamCode).not.toBe(device['user_code']);
    expect((await poll('acme', upstreamCode)).body['error']).toBe('invalid_grant');
  });

  it('yields nothing while the user has not decided', async () => {
    const device = await deviceOf('acme');
    const early = await poll('acme', device['device_code']);
    expect(early).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
  });

  it('is no auth_req_id', async () => {
    const device = await deviceOf('acme');
    const form = { grant_type: CIBA, auth_req_id: device['device_code'] ?? '' };
    expect((await post('acme', 'token', form)).body['error']).toBe('invalid_grant');
  });

  it('cannot be found by guessing user codes', async () => {
    const browser = new Browser();
    for (let guess = 0; guess < 20; guess += 1) {
      await browser.open(
        `${world.proxy.issuer}/oidc/device?user_code=BBBB-BBB${'BCDFG'[guess % 5]}`,
      );
    }
    const device = await deviceOf('acme');
    const page = await browser.open(device['verification_uri_complete'] ?? '');
    expect(page.body).toContain('Too many wrong codes');
  });
});

describe('a backchannel request', () => {
  const subjectAt = (id: string): string => String(held.get(id)?.claims['sub']);
  const ask = (id: string, hint: Readonly<Record<string, string>>): Promise<Answer> =>
    post(id, 'ciba', { scope: 'openid', ...hint });

  it.each([
    ['a local subject', () => ({ login_hint: 'alice' })],
    ['an e-mail address', () => ({ login_hint: 'alice@legacy.example' })],
    ['another vendor’s pseudonym', () => ({ login_hint: subjectAt('bolt') })],
    ['another vendor’s ID token', () => ({ id_token_hint: held.get('bolt')?.idToken ?? '' })],
    ['nonsense', () => ({ login_hint: 'nobody-at-all' })],
    ['a token of whatever kind', () => ({ login_hint_token: 'alice' })],
  ])('that names a user by %s is unknown_user_id, and reaches nobody', async (_name, hint) => {
    const before = world.upstream.requests.length;
    const answer = await ask('acme', hint());
    expect(answer).toEqual({
      status: 400,
      body: {
        error: 'unknown_user_id',
        error_description: 'The hint names no user of this client.',
      },
    });
    const asked = world.upstream.requests.slice(before).map(({ url }) => url.pathname);
    expect(asked).not.toContain('/backchannel');
  });

  it('yields an auth_req_id that serves its own client alone, and once', async () => {
    const { body } = await ask('acme', { login_hint: subjectAt('acme') });
    await world.upstream.waiting.at(-1)?.decide('yes');
    const form = { grant_type: CIBA, auth_req_id: String(body['auth_req_id']) };
    expect((await post('bolt', 'token', form)).body['error']).toBe('invalid_grant');
    expect((await post('acme', 'token', form)).status).toBe(200);
    expect((await post('acme', 'token', form, replica.issuer)).body['error']).toBe('invalid_grant');
  });
});

describe('a token exchange', () => {
  const exchange = (
    id: string,
    token: string | undefined,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> =>
    post(id, 'token', {
      grant_type: TOKEN_EXCHANGE,
      subject_token: token ?? '',
      subject_token_type: ACCESS_TOKEN,
      ...more,
    });

  it.each([
    ['another vendor’s access token', () => held.get('bolt')?.accessToken, ACCESS_TOKEN],
    ['another vendor’s refresh token', () => held.get('bolt')?.refreshToken, REFRESH_TOKEN],
    ['a refresh token as an access token', () => held.get('acme')?.refreshToken, ACCESS_TOKEN],
    ['an ID token as an access token', () => held.get('acme')?.idToken, ACCESS_TOKEN],
    ['an ID token', () => held.get('acme')?.idToken, ACCESS_TOKEN.replace('access', 'id')],
    ['nonsense', () => 'nonsense', ACCESS_TOKEN],
  ])('of %s is refused', async (_name, token, type) => {
    const answer = await exchange('acme', token(), { subject_token_type: type });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('of a token that is bound to a key needs that key (RFC 9449)', async () => {
    const acme = vendorByHand(world, 'acme');
    const begun = await acme.begin(new Browser());
    const key = await DpopKey.generate();
    const { issuer } = world.proxy;
    const proof = await key.proof('POST', `${issuer}/oidc/token`);
    const bound = await tokenRequest(acme, issuer, codeForm(acme, begun), proof);
    const answer = await exchange('acme', member(bound, 'access_token'));
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('of a bare token of the upstream is refused', async () => {
    let bare = '';
    world.upstream.faults.arm(
      'token',
      altered((answer) => {
        bare = String(jsonIn(answer)['access_token']);
        return answer;
      }),
    );
    await world.vendor('acme').logIn(new Browser(), 'alice');
    world.upstream.faults.arm(
      'token',
      altered((answer) => answer),
    );
    expect(bare).not.toBe('');
    expect((await exchange('acme', bare)).body['error']).toBe('invalid_request');
  });

  it.each([
    ['an actor', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
    ['an audience', { audience: 'legacy-bolt' }, 'invalid_target'],
    ['more scope', { scope: 'openid profile email phone' }, 'invalid_scope'],
    ['an ID token', { requested_token_type: 'urn:x:id_token' }, 'invalid_request'],
  ])('that asks for %s is refused', async (_name, more, error) => {
    const answer = await exchange('acme', held.get('acme')?.accessToken, more);
    expect(answer.body['error']).toBe(error);
  });

  it('whose answer is about another user is refused', async () => {
    const { accessToken } = await world.vendor('bolt').logIn(new Browser(), 'bob');
    let bobs = '';
    world.upstream.faults.arm(
      'token',
      altered((answer) => {
        bobs = String(jsonIn(answer)['access_token']);
        return answer;
      }),
    );
    expect((await exchange('bolt', accessToken)).status).toBe(200);
    world.upstream.faults.arm(
      'token',
      altered((answer) => withJson(answer, { ...jsonIn(answer), access_token: bobs })),
    );
    const mixed = await exchange('acme', held.get('acme')?.accessToken);
    world.upstream.faults.arm(
      'token',
      altered((answer) => answer),
    );
    expect(mixed).toMatchObject({ status: 502, body: { error: 'server_error' } });
    expect(JSON.stringify(mixed.body)).not.toContain(bobs);
  });
});
