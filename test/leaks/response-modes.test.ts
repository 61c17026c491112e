import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { tokenHash } from '../../src/tokens/hashes.ts';
import { Browser } from '../support/browser.ts';
import { formsIn } from '../support/page.ts';
import { commonValues, findings } from '../support/recorder.ts';
import { withBody } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret, vendorSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import { letUpstreamTalk } from './scenario.ts';

/*
 * Two vendors ask for every response type in every mode, through either front
 * channel, redeem what they get, and put it all together. Whatever way an answer
 * takes, it must hold nothing of the user, of the upstream, or of the other one.
 */

const VENDORS = ['acme', 'bolt'];
const TYPES = [
  'code',
  'id_token',
  'id_token token',
  'code id_token',
  'code token',
  'code id_token token',
  'none',
];
const MODES = ['', 'query', 'fragment', 'form_post', 'query.jwt', 'fragment.jwt', 'form_post.jwt'];
const CASES = TYPES.flatMap((type) => MODES.map((mode) => ({ type, mode }))).filter(
  ({ type, mode }) => mode !== 'query' || !type.includes('token'),
);

type Members = Readonly<Record<string, string>>;

describe.each([
  ['relay', 0],
  ['callback', 1],
])('through the front channel %s', (frontChannel, turn) => {
  // Both ask for every type; of the modes one takes what the other leaves, and in the other front
  // channel the other way round.
  const visits = CASES.flatMap((asked, at) =>
    VENDORS.filter((_, vendor) => asked.mode === '' || (at + vendor + turn) % 2 === 0).map(
      (id) => ({ ...asked, id }),
    ),
  );
  let world: World;
  let stranger: ReadonlySet<string>;
  const secrets = new Set<string>();
  const answers: { id: string; type: string; mode: string; members: Members }[] = [];
  const troubles: string[] = [];

  beforeAll(async () => {
    let offset = 0;
    world = await createWorld(
      VENDORS.map((id) => ({ id, client: { response_types: TYPES } })),
      {
        environment: { FRONT_CHANNEL: frontChannel, MAX_STALENESS: '3600' },
        clock: () => new Date(Date.now() + offset * 1000),
      },
    );
    for (const secret of [
      ...[ALICE.username, emailOf(ALICE), objectIdOf(ALICE), String(claimsOf(ALICE)['picture'])],
      ...[world.upstream.issuer, new URL(world.upstream.issuer).host],
      ...VENDORS.flatMap((id) => [upstreamSecret(id), `legacy-${id}`]),
    ]) {
      secrets.add(secret);
    }
    stranger = await strangersRecord(world.proxy.issuer);
    letUpstreamTalk(world, secrets);
    const browser = new Browser();
    for (const { type, mode, id } of visits) {
      offset += 7;
      try {
        answers.push({ id, type, mode, members: await visit(id, browser, type, mode) });
      } catch (error) {
        troubles.push(`${id} ${type} ${mode}: ${String(error)}`);
      }
    }
  }, 120_000);
  afterAll(() => world.close());

  it('every type in every mode works', () => {
    expect(troubles).toEqual([]);
    expect(answers).toHaveLength(visits.length);
  });

  it.each(VENDORS)('%s finds no identifier of the user, the session or the upstream', (id) => {
    const { record } = world.vendor(id);
    expect(record.received.length).toBeGreaterThan(visits.length / 2);
    expect(findings(record, [...secrets])).toEqual([]);
  });

  it('the two records have no value of 8 characters or more in common', () => {
    const [acme, bolt] = VENDORS.map((id) => world.vendor(id).record);
    if (acme === undefined || bolt === undefined) throw new Error('two vendors are needed');
    const shared = commonValues(acme, bolt).filter((value) => !isPublic(value, stranger));
    // So many logins that one's beginning is another's end, by our own clock.
    expect(shared.filter((value) => !/^1[0-9]{9}$/.test(value))).toEqual([]);
  });

  it('every answer holds known members only', () => {
    const known = ['code', 'id_token', 'access_token', 'token_type', 'expires_in', 'scope'];
    const names = new Set(answers.flatMap(({ members }) => Object.keys(members)));
    expect([...names].filter((name) => !['state', 'iss', ...known].includes(name))).toEqual([]);
    for (const { members } of answers) expect(members['iss']).toBe(world.proxy.issuer);
  });

  it('every hash is that of the value beside it, every audience the vendor’s own', () => {
    for (const { id, members } of answers) {
      const { id_token: idToken, code, access_token: accessToken, state } = members;
      if (idToken === undefined) continue;
      const claims = decodeJwt(idToken);
      expect(claims.aud).toBe(`${id}-web`);
      expect(claims['c_hash']).toBe(code && tokenHash(code, 'RS256'));
      expect(claims['at_hash']).toBe(accessToken && tokenHash(accessToken, 'RS256'));
      expect(claims['s_hash']).toBe(state && tokenHash(state, 'RS256'));
    }
  });

  it('an error of the upstream comes as a standard code in every mode', async () => {
    world.upstream.faults.arm(
      'authorize',
      altered((answer) => {
        const location = answer.headers['location'];
        if (typeof location !== 'string' || !location.includes('state=')) return answer;
        const back = new URL(location);
        back.searchParams.delete('code');
        back.searchParams.set('error', 'alice_is_locked');
        back.searchParams.set('error_description', 'alice may not log in');
        return { ...answer, headers: { ...withBody(answer, '').headers, location: back.href } };
      }),
    );
    for (const mode of ['fragment', 'form_post', 'query.jwt']) {
      const { members } = await answerOf('acme', new Browser(), 'code', mode);
      expect(members['error']).toBe('server_error');
      expect(JSON.stringify(members)).not.toMatch(/alice/i);
    }
    letUpstreamTalk(world, secrets);
  });

  it('a browser that did not begin the login gets nothing', async () => {
    const begun = await new Browser().open(request('acme', 'id_token', 'form_post'));
    const thief = new Browser();
    const login = await thief.walk(begun.location ?? '');
    const sent = await thief.submit(login.page, {
      username: ALICE.username,
      password: ALICE.password,
    });
    const end = sent.callback === undefined ? sent.page : await thief.open(sent.callback);
    expect(end.location).toBeUndefined();
    expect(end.body).not.toMatch(/id_token|name="code"/);
  });

  /** A login, and everything that the vendor then asks for with what it got. */
  async function visit(id: string, browser: Browser, type: string, mode: string): Promise<Members> {
    const { issuer } = world.proxy;
    const { record, clientId, redirectUri } = world.vendor(id);
    const { members, raw } = await answerOf(id, browser, type, mode);
    record.add(`authorization response for ${type} in ${mode}`, raw);
    if (members['error'] !== undefined) throw new Error(members['error']);
    // What a code or a token is good for does not depend on how it came.
    const { code, access_token: accessToken } = mode === '' ? members : {};
    if (code !== undefined) {
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
      const credentials = { client_id: clientId, client_secret: vendorSecret(id) };
      const body = new URLSearchParams({ ...form, ...credentials });
      const answer = await record.fetch(`${issuer}/oidc/token`, { method: 'POST', body });
      if (answer.status !== 200) throw new Error(`token: ${await answer.text()}`);
    }
    if (accessToken !== undefined) {
      const headers = { authorization: `Bearer ${accessToken}` };
      const answer = await record.fetch(`${issuer}/oidc/userinfo`, { headers });
      if (answer.status !== 200) throw new Error(`userinfo: ${await answer.text()}`);
    }
    return members;
  }

  async function answerOf(id: string, browser: Browser, type: string, mode: string) {
    let walk = await browser.walk(request(id, type, mode));
    if (walk.page.forms.some(({ fields }) => 'password' in fields)) {
      const { username, password } = ALICE;
      walk = await browser.submit(walk.page, { username, password });
    }
    const { page, callback } = walk;
    const form = callback === undefined ? formsIn(page.body, page.url)[0] : undefined;
    if (callback === undefined && form === undefined) throw new Error(page.body);
    // What the vendor's server receives; the page around a form is the same for everybody.
    const raw = callback?.href ?? JSON.stringify([form?.action, form?.fields]);
    const sent = callback === undefined ? form?.fields : inUrl(callback);
    const response = sent?.['response'];
    if (response === undefined) return { raw, members: { ...sent } as Members };
    const { aud, exp: _exp, ...claims } = decodeJwt(response);
    expect(aud).toBe(`${id}-web`);
    const texts = Object.entries(claims).map(([name, value]) => [name, String(value)]);
    return { raw, members: Object.fromEntries(texts) as Members };
  }

  function request(id: string, type: string, mode: string): URL {
    const { clientId, redirectUri } = world.vendor(id);
    const url = new URL(`${world.proxy.issuer}/oidc/authorize`);
    url.search = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirectUri, response_type: type, scope: 'openid' },
      ...{ state: `state-of-${id}`, nonce: `nonce-of-${id}` },
      ...(mode === '' ? {} : { response_mode: mode }),
    }).toString();
    return url;
  }
});

function inUrl(url: URL): Record<string, string> {
  return Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))]);
}
