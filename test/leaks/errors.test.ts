import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { findings } from '../support/recorder.ts';
import { jsonIn, withJson } from '../support/upstream/answer.ts';
import {
  NAMING_DESCRIPTION,
  altered,
  authorizationErrorNamingTheUser,
  errorNamingTheUser,
  htmlPage,
  status,
} from '../support/upstream/faults.ts';
import type { Fault } from '../support/upstream/faults.ts';
import type { TalkativeWorld } from './scenario.ts';
import { letUpstreamTalk, logIn, talkativeWorld } from './scenario.ts';

/*
 * Legacy providers explain their errors, and the explanations name users:
 * "user alice@example is locked". A vendor that provokes errors must learn a
 * standard code and nothing else.
 */
describe('what a vendor receives when the upstream fails and names the user', () => {
  let talkative: TalkativeWorld;
  beforeAll(async () => {
    talkative = await talkativeWorld();
    talkative.secrets.add(NAMING_DESCRIPTION).add('is locked').add('Robert Baker');
  });
  afterAll(() => talkative.close());
  afterEach(() => {
    talkative.world.upstream.faults.clear();
    letUpstreamTalk(talkative.world, talkative.secrets);
    const { record } = talkative.world.vendor('acme');
    expect(findings(record, [...talkative.secrets])).toEqual([]);
  });

  /** The error code of the token endpoint's last answer; the vendor's library refuses it. */
  async function tokenError(work: Promise<unknown>): Promise<unknown> {
    await expect(work).rejects.toThrow();
    const { received } = talkative.world.vendor('acme').record;
    const body = received.findLast(({ where }) => where === 'answer to POST /oidc/token: body');
    return (JSON.parse(body?.text ?? '{}') as { error?: unknown }).error;
  }

  it('passes a standard authorization error on with state and our iss, without its words', async () => {
    const { world } = talkative;
    world.upstream.faults.arm('authorize', authorizationErrorNamingTheUser());
    const party = await world.vendor('acme').party();
    const { url, pending } = await party.begin();
    const callback = await new Browser().login(url, { username: 'alice' });
    world.vendor('acme').record.add('authorization response', callback.href);
    expect(Object.fromEntries(callback.searchParams)).toEqual({
      error: 'access_denied',
      state: pending.state,
      iss: world.proxy.issuer,
    });
    await expect(party.finish(callback, pending)).rejects.toThrow();
  });

  it('turns an error code of the upstream’s own making into server_error', async () => {
    const { world } = talkative;
    world.upstream.faults.arm('authorize', authorizationErrorNamingTheUser('user_alice_locked'));
    const { url } = await (await world.vendor('acme').party()).begin();
    const callback = await new Browser().login(url, { username: 'alice' });
    world.vendor('acme').record.add('authorization response', callback.href);
    expect(callback.searchParams.get('error')).toBe('server_error');
  });

  it.each<[string, Fault, string]>([
    ['a refusal in words', errorNamingTheUser(), 'invalid_grant'],
    ['an error of its own making', errorNamingTheUser('user_alice_locked', 403), 'invalid_grant'],
    ['a page', htmlPage(), 'server_error'],
    ['status 500 with words', status(500), 'server_error'],
  ])('a code that the upstream answers with %s', async (_name, fault, expected) => {
    const { world } = talkative;
    world.upstream.faults.arm('token', fault, 1);
    expect(await tokenError(logIn(world, 'acme', new Browser()))).toBe(expected);
  });

  describe('after a login', () => {
    let party: Awaited<ReturnType<typeof logIn>>['party'];
    let tokens: Tokens;
    beforeEach(async () => {
      ({ party, tokens } = await logIn(talkative.world, 'acme', new Browser()));
    });

    it.each<[string, Fault, string]>([
      ['a refusal in words', errorNamingTheUser(), 'invalid_grant'],
      ['a page', htmlPage(), 'server_error'],
    ])('a refresh that the upstream answers with %s', async (_name, fault, expected) => {
      talkative.world.upstream.faults.arm('token', fault, 1);
      expect(await tokenError(party.refresh(tokens))).toBe(expected);
    });

    it.each<[string, Fault]>([
      ['a refusal in words', errorNamingTheUser('invalid_token', 401)],
      ['a page', htmlPage()],
      ['status 500 with words', status(500)],
      ['claims of another user', withClaimsOf('bob', 'Robert Baker')],
    ])('userinfo that the upstream answers with %s', async (_name, fault) => {
      talkative.world.upstream.faults.arm('userinfo', fault, 1);
      await expect(party.userinfo(tokens)).rejects.toThrow();
    });
  });
});

function withClaimsOf(sub: string, name: string): Fault {
  return altered((answer) => withJson(answer, { ...jsonIn(answer), sub, name }));
}
