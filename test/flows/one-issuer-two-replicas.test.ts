import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { publish } from '../support/ingress.ts';
import type { TestProxy } from '../support/proxy.ts';
import type { Answered, JsonAnswer } from '../support/steps.ts';
import { askUserinfo, authorize, basic, postForm } from '../support/steps.ts';
import type { Fault } from '../support/upstream/faults.ts';
import { withMembers } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

/*
 * Two replicas serve one issuer, and each request may reach either. What is used
 * once is used once in both together, also where the upstream itself does not
 * care how often a code or a refresh token comes.
 */

let world: World;
let replica: TestProxy;

describe.each(['sqlite', 'mysql'] as const)('on %s', (dialect) => {
  beforeAll(async () => {
    world = await createWorld([{ id: 'acme' }, { id: 'spa', authentication: 'public' }], {
      dialect,
    });
    replica = await world.proxy.replica({ ISSUER: world.proxy.issuer });
  });
  afterAll(async () => {
    await replica.close();
    await world.close();
  });

  describe.each([
    ['short', 'x'],
    ['long enough to go by reference', 'x'.repeat(3000)],
  ])('with a state that is %s', (_name, state) => {
    it('a login that one replica began is ended by the other', async () => {
      const browser = new Browser();
      const party = await world.vendor('acme').party();
      const { url, pending } = await party.begin({ state });
      const began = await browser.walk(url);
      const back = atReplica();
      const fields = { username: 'alice', password: 'alice-password' };
      const { callback } = await browser.submit(began.page, fields);
      back();
      const answer = await redeem(replica, 'acme', {
        callback: callback ?? new URL('http://none.invalid'),
        pending,
        party,
      });
      expect(answer.status).toBe(200);
      const accessToken = String(answer.body['access_token']);
      const [one, other] = [
        await askUserinfo(world.proxy.issuer, accessToken),
        await askUserinfo(replica.issuer, accessToken),
      ];
      expect(one.body['sub']).toMatch(/^[a-z2-7]{52}$/);
      expect(other.body).toEqual(one.body);
    });
  });

  describe('where the upstream takes everything as often as it comes', () => {
    it('a code that reaches both replicas at once is redeemed by one of them', async () => {
      const answered = await authorize(world.vendor('acme'), new Browser(), 'alice');
      const answers = await whileForgiving(() =>
        Promise.all([redeem(world.proxy, 'acme', answered), redeem(replica, 'acme', answered)]),
      );
      expectOneWinner(answers);
    });

    it('a refresh token of a public client is used by one of them, and then all is over', async () => {
      const tokens = await world.vendor('spa').logIn(new Browser(), 'alice');
      const answers = await whileForgiving(() =>
        Promise.all([
          refresh(world.proxy, tokens.refreshToken),
          refresh(replica, tokens.refreshToken),
        ]),
      );
      expectOneWinner(answers);
      await world.proxy.application.registry.refresh();
      const userinfo = await askUserinfo(world.proxy.issuer, tokens.accessToken);
      expect(userinfo.body['error']).toBe('invalid_token');
    });
  });

  it('a public client gets a new refresh token where the upstream keeps to the old one', async () => {
    const { refreshToken } = await world.vendor('spa').logIn(new Browser(), 'alice');
    world.upstream.faults.arm('token', withMembers({ refresh_token: undefined }), 1);
    const { body } = await refresh(world.proxy, refreshToken);
    expect(body['refresh_token']).toBeTypeOf('string');
    expect(body['refresh_token']).not.toBe(refreshToken);
  });
});

function expectOneWinner(answers: readonly JsonAnswer[]): void {
  const outcomes = answers.map(({ status, body }) => body['error'] ?? status);
  expect(new Set(outcomes)).toEqual(new Set([200, 'invalid_grant']));
}

/** Sends the browsers of this test to the other replica until the returned function is called. */
function atReplica(): () => void {
  return publish(world.proxy.issuer, Number(new URL(replica.issuer).port));
}

/** The upstream answers every token request as it answered the first. */
async function whileForgiving<T>(work: () => Promise<T>): Promise<T> {
  const first = Promise.withResolvers<Parameters<Fault>[1]>();
  world.upstream.faults.arm('token', async (response, answer) => {
    if (answer.status === 200) first.resolve(answer);
    const { status, headers, body } = await first.promise;
    response.writeHead(status, headers).end(body);
  });
  try {
    return await work();
  } finally {
    world.upstream.faults.clear();
  }
}

function redeem(proxy: TestProxy, id: string, { callback, pending }: Answered) {
  return postForm(
    `${proxy.issuer}/oidc/token`,
    {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: callback.origin + callback.pathname,
      code_verifier: pending.codeVerifier,
    },
    basic(`${id}-web`, vendorSecret(id)),
  );
}

function refresh(proxy: TestProxy, refreshToken: string | undefined): Promise<JsonAnswer> {
  return postForm(`${proxy.issuer}/oidc/token`, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken ?? '',
    client_id: 'spa-web',
  });
}
