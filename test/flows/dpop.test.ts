import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import { DpopKey, codeForm, tokenRequest, userinfoRequest } from '../support/dpop.ts';
import type { World } from '../support/world.ts';
import { createWorld, vendorSecret } from '../support/world.ts';

const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

describe.each(['sqlite', 'mysql'] as const)(
  'tokens bound to a key (RFC 9449), on %s',
  (dialect) => {
    let world: World;
    beforeAll(async () => {
      world = await createWorld(
        [
          { id: 'acme' },
          { id: 'bolt', client: { dpop_bound_access_tokens: true, require_dpop_nonce: true } },
          { id: 'spa', authentication: 'public', client: { require_dpop_nonce: true } },
          { id: 'kiosk', authentication: 'forwarded' },
        ],
        { dialect },
      );
    });
    afterAll(() => world.close());

    it.each([
      ['acme', openid.ClientSecretBasic(vendorSecret('acme'))],
      ['bolt', openid.ClientSecretPost(vendorSecret('bolt'))],
      ['spa', openid.None()],
    ])('openid-client gets, uses and refreshes them unmodified: %s', async (id, authentication) => {
      const party = vendorByHand(world, id);
      const config = await openid.discovery(
        new URL(world.proxy.issuer),
        party.clientId,
        undefined,
        authentication,
        { execute: [openid.allowInsecureRequests] },
      );
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
      const begun = await party.begin(new Browser(), 'alice', {
        dpop_jkt: await DPoP.calculateThumbprint(),
        nonce: undefined,
      });
      const tokens = await openid.authorizationCodeGrant(
        config,
        begun.callback,
        { pkceCodeVerifier: begun.verifier, expectedState: begun.state },
        undefined,
        { DPoP },
      );
      expect(tokens.token_type).toBe('dpop');
      const sub = tokens.claims()?.sub ?? '';
      expect(sub).toMatch(/^[a-z2-7]{52}$/);
      const userinfo = await openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
      expect(userinfo.sub).toBe(sub);

      const refreshed = await openid.refreshTokenGrant(
        config,
        tokens.refresh_token ?? '',
        undefined,
        {
          DPoP,
        },
      );
      expect(refreshed.token_type).toBe('dpop');
      expect(refreshed.claims()?.sub).toBe(sub);
      const again = await openid.fetchUserInfo(config, refreshed.access_token, sub, { DPoP });
      expect(again.sub).toBe(sub);
      await expect(openid.fetchUserInfo(config, refreshed.access_token, sub)).rejects.toMatchObject(
        {
          code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
        },
      );
    });

    it('openid-client binds a login from its pushed request on', async () => {
      const party = vendorByHand(world, 'acme');
      const config = await openid.discovery(
        new URL(world.proxy.issuer),
        party.clientId,
        undefined,
        openid.ClientSecretBasic(vendorSecret('acme')),
        { execute: [openid.allowInsecureRequests] },
      );
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
      const pkceCodeVerifier = openid.randomPKCECodeVerifier();
      const parameters = {
        redirect_uri: party.redirectUri,
        scope: 'openid',
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      };
      const url = await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
      const callback = await new Browser().login(url, { username: 'alice' });
      const code = callback.searchParams.get('code') ?? '';
      const unbound = await party.redeem({ code, verifier: pkceCodeVerifier });
      expect(unbound.body).toContain('invalid_grant');
      const tokens = await openid.authorizationCodeGrant(
        config,
        callback,
        { pkceCodeVerifier },
        undefined,
        { DPoP },
      );
      expect(tokens.token_type).toBe('dpop');
    });

    it('a pushed request whose dpop_jkt is of another key than its proof is refused', async () => {
      const party = vendorByHand(world, 'acme');
      const [key, other] = [await DpopKey.generate(), await DpopKey.generate()];
      const address = `${world.proxy.issuer}/oidc/par`;
      const { url } = party.request({ dpop_jkt: other.jkt });
      const headers = {
        authorization: party.basic,
        'content-type': 'application/x-www-form-urlencoded',
        dpop: await key.proof('POST', address),
      };
      const answer = await ask(address, { headers, body: url.searchParams.toString() });
      expect(members(answer)).toMatchObject({ error: 'invalid_dpop_proof' });
    });

    it.each(['ES256', 'PS256', 'RS256', 'Ed25519'])(
      'oauth4webapi gets and uses them with a key for %s, and learns the nonce',
      async (alg) => {
        const party = vendorByHand(world, 'bolt');
        const issuer = new URL(world.proxy.issuer);
        const server = await oauth.processDiscoveryResponse(
          issuer,
          await oauth.discoveryRequest(issuer, INSECURE),
        );
        expect(server.dpop_signing_alg_values_supported).toEqual(expect.arrayContaining([alg]));
        const client: oauth.Client = { client_id: party.clientId };
        const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(alg));
        const begun = await party.begin(new Browser(), 'alice', { nonce: undefined });
        const redeem = async () =>
          oauth.processAuthorizationCodeResponse(
            server,
            client,
            await oauth.authorizationCodeGrantRequest(
              server,
              client,
              oauth.ClientSecretBasic(vendorSecret('bolt')),
              oauth.validateAuthResponse(server, client, begun.callback, begun.state),
              party.redirectUri,
              begun.verifier,
              { ...INSECURE, DPoP },
            ),
          );
        const first: unknown = await redeem().catch((error: unknown) => error);
        expect(oauth.isDPoPNonceError(first)).toBe(true);
        const tokens = await redeem();
        expect(tokens.token_type).toBe('dpop');
        const answer = await oauth.userInfoRequest(server, client, tokens.access_token, {
          ...INSECURE,
          DPoP,
        });
        const sub = oauth.getValidatedIdTokenClaims(tokens)?.sub ?? '';
        await expect(
          oauth.processUserInfoResponse(server, client, sub, answer),
        ).resolves.toMatchObject({ sub });
      },
    );

    it('a forwarded client gets them too; the upstream sees a plain bearer token', async () => {
      const party = vendorByHand(world, 'kiosk');
      const key = await DpopKey.generate();
      const { issuer } = world.proxy;
      const proof = await key.proof('POST', `${issuer}/oidc/token`);
      const begun = await party.begin(new Browser());
      const seen = world.upstream.requests.length;
      const answer = await tokenRequest(party, issuer, codeForm(party, begun), proof);
      expect(members(answer)).toMatchObject({ token_type: 'DPoP' });
      const token = member(answer, 'access_token');
      const ath = await key.proof('GET', `${issuer}/oidc/userinfo`, {}, token);
      expect((await userinfoRequest(issuer, 'DPoP', token, ath)).status).toBe(200);
      const asked = world.upstream.requests.slice(seen);
      expect(asked.map(({ url }) => url.pathname)).toEqual(['/token', '/me']);
      expect(asked.every(({ headers }) => headers['dpop'] === undefined)).toBe(true);
      expect(asked[1]?.headers['authorization']).toMatch(/^Bearer /);
    });
  },
);
