import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE } from '../../demo/legacy-idp/users.ts';
import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import { ask } from '../support/by-hand.ts';
import type { TalkativeWorld } from './scenario.ts';
import { logIn, talkativeWorld, visitBoth } from './scenario.ts';

/*
 * Metrics are kept for months, by people and systems that were never meant to know a user. A
 * label would name one for good.
 */
describe('what the metrics say after logins, refreshes and failures', () => {
  let talkative: TalkativeWorld;
  let tokens: readonly Tokens[];
  let text: string;

  beforeAll(async () => {
    talkative = await talkativeWorld();
    tokens = [...(await visitBoth(talkative)).tokens.values()].flat();
    const { issuer, adminUrl } = talkative.world.proxy;
    const [first] = tokens;
    const { accessToken = '', idToken = '' } = first ?? {};
    // Whatever a client may choose: addresses, client ids, hints, tokens that are not its own.
    const chosen = [
      ...[`/oidc/${ALICE.username}`, `/oidc/authorize?client_id=${ALICE.username}`],
      `/oidc/logout?id_token_hint=${idToken}&client_id=bolt-web`,
      ...[`/${ALICE.username}/page`, `/oidc/register/${ALICE.username}`],
    ];
    for (const path of chosen) await ask(`${issuer}${path}`);
    const authorization = `Bearer ${accessToken}x`;
    await ask(`${issuer}/oidc/userinfo`, { headers: { authorization } });
    await logIn(talkative.world, 'bolt', new Browser(), { id_token_hint: idToken }).catch(
      () => undefined,
    );
    ({ body: text } = await ask(`${adminUrl}/metrics`));
  });
  afterAll(() => talkative.close());

  it('counts all of it', () => {
    expect(text).toMatch(/^pairwise_pseudonyms_created_total\{sector="[^"]+",origin="login"\} 1$/m);
    expect(text).toMatch(/^pairwise_refusals_total\{endpoint="userinfo",reason="[a-z_]+"\} 1$/m);
    expect(text).toMatch(/^pairwise_http_requests_total\{endpoint="none",outcome="[a-z_]+"\} 1$/m);
    expect(text).toMatch(/^pairwise_security_events_total\{event="hint_mismatch",/m);
  });

  it('holds neither the local subject nor what else the upstream says of the user', () => {
    const found = [...talkative.secrets].filter((secret) => text.includes(secret));
    expect(found).toEqual([]);
  });

  it('holds no pseudonym', () => {
    const pseudonyms = tokens.map(({ claims }) => String(claims['sub']));
    expect(new Set(pseudonyms).size).toBe(2);
    expect(pseudonyms.filter((sub) => text.includes(sub))).toEqual([]);
  });

  it('holds no piece of a token', () => {
    const given = tokens.flatMap((each) => [each.idToken, each.accessToken, each.refreshToken]);
    const pieces = given
      .flatMap((token) => token?.split('.') ?? [])
      .flatMap((piece) => piece.match(/.{12}/g) ?? []);
    expect(pieces.length).toBeGreaterThan(100);
    expect(pieces.filter((piece) => text.includes(piece))).toEqual([]);
  });
});
