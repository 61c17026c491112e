/*
 * A token bound to a key (RFC 9449) is stolen: from a log, a crash dump, a proxy
 * on the way. The thief has the token, perhaps the proof that came with it, and
 * a key of his own, but not the vendor's key. He tries the token as a plain
 * Bearer, with a proof of his own key, with the old proof at another replica,
 * endpoint or method, and with proofs that are none: HMAC, `none`, a private key,
 * two at once. Or he injects a code into a login that named its key by `dpop_jkt`.
 */
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { ask, member, members, vendorByHand } from '../support/by-hand.ts';
import type { ProofChanges } from '../support/dpop.ts';
import { DpopKey, athOf, codeForm, tokenRequest, userinfoRequest } from '../support/dpop.ts';
import type { Expected } from '../support/refused.ts';
import { expectRefused } from '../support/refused.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const BAD_PROOF = {
  status: 400,
  error: 'invalid_dpop_proof',
  reason: 'dpop_proof_invalid',
} as const;
const BAD_KEY = { status: 401, error: 'invalid_token', reason: 'token_dpop_binding' } as const;
const BAD_TOKEN_PROOF = { ...BAD_PROOF, status: 401, reason: 'token_dpop_proof' } as const;

describe.each(['sqlite', 'mysql'] as const)(
  'a bound token in the wrong hands, on %s',
  (dialect) => {
    let world: World;
    let browser: Browser;
    let key: DpopKey;
    let thief: DpopKey;
    let acme: VendorByHand;
    let spa: VendorByHand;
    let tokenAddress: string;
    let userinfoAddress: string;
    beforeAll(async () => {
      world = await createWorld(
        [
          { id: 'acme' },
          { id: 'bolt', client: { dpop_bound_access_tokens: true } },
          { id: 'spa', authentication: 'public' },
          { id: 'strict', client: { require_dpop_nonce: true } },
        ],
        { dialect },
      );
      browser = new Browser();
      key = await DpopKey.generate();
      thief = await DpopKey.generate();
      acme = vendorByHand(world, 'acme');
      spa = vendorByHand(world, 'spa');
      tokenAddress = `${world.proxy.issuer}/oidc/token`;
      userinfoAddress = `${world.proxy.issuer}/oidc/userinfo`;
    });
    afterAll(() => world.close());

    const asked = (): number => world.upstream.requests.length;

    async function boundTokens(party: VendorByHand): Promise<{ access: string; refresh: string }> {
      const begun = await party.begin(browser);
      const proof = await key.proof('POST', tokenAddress);
      const answer = await tokenRequest(party, world.proxy.issuer, codeForm(party, begun), proof);
      expect(members(answer)).toMatchObject({ token_type: 'DPoP' });
      return { access: member(answer, 'access_token'), refresh: member(answer, 'refresh_token') };
    }

    /** The attempt is refused before the upstream hears of it. */
    async function expectKeptOut(
      expected: Expected,
      attempt: () => Promise<Answer>,
      told: string[],
    ) {
      const before = asked();
      await expectRefused(world, expected, attempt, told);
      expect(asked()).toBe(before);
    }

    it('is no Bearer token, in the header or in the form', async () => {
      const { access } = await boundTokens(acme);
      await expectKeptOut(BAD_KEY, () => acme.userinfo(access), [access]);
      const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      const body = new URLSearchParams({ access_token: access }).toString();
      await expectKeptOut(BAD_KEY, () => ask(userinfoAddress, { ...form, body }), [access]);
      const proof = await key.proof('GET', userinfoAddress, {}, access);
      await expectKeptOut(
        BAD_KEY,
        () => userinfoRequest(world.proxy.issuer, 'Bearer', access, proof),
        [access, proof],
      );
    });

    it('is of no use without a proof, and of none with another key', async () => {
      const { access } = await boundTokens(acme);
      const { issuer } = world.proxy;
      await expectKeptOut(BAD_TOKEN_PROOF, () => userinfoRequest(issuer, 'DPoP', access), [access]);
      const proof = await thief.proof('GET', userinfoAddress, {}, access);
      await expectKeptOut(BAD_KEY, () => userinfoRequest(issuer, 'DPoP', access, proof), [access]);
    });

    it('does not pass with the proof that it came with, here or at another replica', async () => {
      const replica = await world.proxy.replica({ ISSUER: world.proxy.issuer });
      try {
        const { access } = await boundTokens(acme);
        const proof = await key.proof('GET', userinfoAddress, {}, access);
        const first = await userinfoRequest(replica.issuer, 'DPoP', access, proof);
        expect(first.status).toBe(200);
        for (const issuer of [world.proxy.issuer, replica.issuer]) {
          const again = await userinfoRequest(issuer, 'DPoP', access, proof);
          expect(again.status).toBe(401);
          expect(again.headers.get('www-authenticate')).toMatch(
            /^DPoP algs="ES256 [^"]+", error="invalid_dpop_proof"$/,
          );
        }
        const used = await key.proof('POST', tokenAddress);
        const begun = await acme.begin(browser);
        const redeem = (issuer: string) => tokenRequest(acme, issuer, codeForm(acme, begun), used);
        expect((await redeem(replica.issuer)).status).toBe(200);
        const expected = { ...BAD_PROOF, reason: 'dpop_proof_replayed' } as const;
        await expectKeptOut(expected, () => redeem(world.proxy.issuer), [used]);
      } finally {
        await replica.close();
      }
    });

    it('a proof that comes twice at the same moment works once', async () => {
      const { access } = await boundTokens(acme);
      const proof = await key.proof('GET', userinfoAddress, {}, access);
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => userinfoRequest(world.proxy.issuer, 'DPoP', access, proof)),
      );
      expect(answers.map(({ status }) => String(status)).toSorted()).toEqual([
        '200',
        ...Array<string>(5).fill('401'),
      ]);
    });

    const now = () => Math.floor(Date.now() / 1000);
    const WRONG: readonly [string, () => ProofChanges][] = [
      ['for another endpoint', () => ({ claims: { htu: `${world.proxy.issuer}/oidc/token` } })],
      ['for another host', () => ({ claims: { htu: 'https://attacker.example/oidc/userinfo' } })],
      ['for another path under the host', () => ({ claims: { htu: `${userinfoAddress}/x` } })],
      ['for another method', () => ({ claims: { htm: 'POST' } })],
      ['for a method in small letters', () => ({ claims: { htm: 'get' } })],
      ['that is old', () => ({ claims: { iat: now() - 120 } })],
      ['made for later', () => ({ claims: { iat: now() + 120 } })],
      ['without a time', () => ({ claims: { iat: undefined } })],
      ['that has expired by its own word', () => ({ claims: { exp: now() - 10 } })],
      ['for another access token', () => ({ claims: { ath: athOf('another token') } })],
      ['for no access token', () => ({ claims: { ath: undefined } })],
      ['without a jti', () => ({ claims: { jti: undefined } })],
      ['with an empty jti', () => ({ claims: { jti: '' } })],
      ['of another type', () => ({ header: { typ: 'JWT' } })],
      ['of no type', () => ({ header: { typ: undefined } })],
      ['without a key', () => ({ header: { jwk: undefined } })],
      ['with a key that did not sign it', () => ({ header: { jwk: thief.publicJwk } })],
    ];

    it.each(WRONG)('does not pass with a proof %s', async (_what, changes) => {
      const { access } = await boundTokens(acme);
      const proof = await key.proof('GET', userinfoAddress, changes(), access);
      await expectKeptOut(
        BAD_TOKEN_PROOF,
        () => userinfoRequest(world.proxy.issuer, 'DPoP', access, proof),
        [access, proof],
      );
    });

    it('a proof that is none, or gives its key away, yields no token', async () => {
      const claims = { jti: 'x', htm: 'POST', htu: tokenAddress, iat: now() };
      const symmetric = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') };
      const hmac = (jwk: object) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk })
          .sign(Buffer.alloc(32, 7));
      const unsigned = new UnsecuredJWT(claims).encode();
      const noneHeader = { alg: 'none', typ: 'dpop+jwt', jwk: key.publicJwk };
      const proofs = {
        'HS256 with the key in it': await hmac(symmetric),
        'HS256 over a public key': await hmac(key.publicJwk),
        none: `${Buffer.from(JSON.stringify(noneHeader)).toString('base64url')}.${unsigned.split('.')[1]}.`,
        'a private key': await key.proof('POST', tokenAddress, {
          header: { jwk: await key.privateJwk() },
        }),
        'no JWT': 'a-proof-that-is-none-7f3a',
        nothing: '',
        'too much': await key.proof('POST', tokenAddress, { claims: { jti: 'j'.repeat(9000) } }),
      };
      const begun = await acme.begin(browser);
      for (const [what, proof] of Object.entries(proofs)) {
        const redeem = () => tokenRequest(acme, world.proxy.issuer, codeForm(acme, begun), proof);
        await expectKeptOut(BAD_PROOF, redeem, what === 'nothing' ? [] : [proof]);
      }
      const good = await key.proof('POST', tokenAddress);
      const other = await thief.proof('POST', tokenAddress);
      await expectKeptOut(
        BAD_PROOF,
        () => tokenRequest(acme, world.proxy.issuer, codeForm(acme, begun), good, other),
        [good, other],
      );
      const answer = await tokenRequest(acme, world.proxy.issuer, codeForm(acme, begun), good);
      expect(answer.status).toBe(200);
    });

    it('a code injected into a login that named its key is not redeemed', async () => {
      const begun = await acme.begin(browser, 'alice', { dpop_jkt: key.jkt });
      const expected = { status: 400, error: 'invalid_grant', reason: 'code_dpop_key' } as const;
      await expectKeptOut(expected, () => acme.redeem(begun), [begun.code]);
      const proof = await thief.proof('POST', tokenAddress);
      await expectKeptOut(
        expected,
        () => tokenRequest(acme, world.proxy.issuer, codeForm(acme, begun), proof),
        [begun.code, proof],
      );
      const own = await key.proof('POST', tokenAddress);
      const answer = await tokenRequest(acme, world.proxy.issuer, codeForm(acme, begun), own);
      expect(answer.status).toBe(200);
    });

    it('the refresh token of a public client needs its key, and a thief does not end the grant', async () => {
      const { refresh } = await boundTokens(spa);
      const form = { grant_type: 'refresh_token', refresh_token: refresh };
      const expected = { status: 400, error: 'invalid_grant', reason: 'refresh_dpop_key' } as const;
      await expectKeptOut(expected, () => spa.refresh(refresh), [refresh]);
      const stolen = await thief.proof('POST', tokenAddress);
      await expectKeptOut(expected, () => tokenRequest(spa, world.proxy.issuer, form, stolen), [
        refresh,
        stolen,
      ]);
      const own = await key.proof('POST', tokenAddress);
      const answer = await tokenRequest(spa, world.proxy.issuer, form, own);
      expect(members(answer)).toMatchObject({ token_type: 'DPoP' });
      const after = { ...form, refresh_token: member(answer, 'refresh_token') };
      await expectKeptOut(expected, () => tokenRequest(spa, world.proxy.issuer, after), []);
    });

    it('a confidential client may change its key with its credential, and only so', async () => {
      const { refresh } = await boundTokens(acme);
      const form = { grant_type: 'refresh_token', refresh_token: refresh };
      const proof = await thief.proof('POST', tokenAddress);
      const answer = await tokenRequest(acme, world.proxy.issuer, form, proof);
      const access = member(answer, 'access_token');
      const old = await key.proof('GET', userinfoAddress, {}, access);
      await expectKeptOut(BAD_KEY, () => userinfoRequest(world.proxy.issuer, 'DPoP', access, old), [
        access,
      ]);
    });

    it('an unbound token is not taken under DPoP', async () => {
      const { accessToken } = await acme.logIn(browser);
      const proof = await key.proof('GET', userinfoAddress, {}, accessToken);
      await expectKeptOut(
        BAD_KEY,
        () => userinfoRequest(world.proxy.issuer, 'DPoP', accessToken, proof),
        [accessToken, proof],
      );
    });

    it('a client with dpop_bound_access_tokens gets none without a proof, by any grant', async () => {
      const bolt = vendorByHand(world, 'bolt');
      const begun = await bolt.begin(browser);
      const expected = { ...BAD_PROOF, reason: 'dpop_proof_missing' } as const;
      await expectKeptOut(expected, () => bolt.redeem(begun), [begun.code]);
      const { refresh } = await boundTokens(bolt);
      await expectKeptOut(expected, () => bolt.refresh(refresh), [refresh]);
      const { url } = bolt.request({ response_type: 'code token' });
      const answer = await ask(url);
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toContain('error=unauthorized_client');
    });

    it('where a nonce is required, only a fresh one of the client’s own is taken', async () => {
      const strict = vendorByHand(world, 'strict');
      const expected = {
        status: 400,
        error: 'use_dpop_nonce',
        reason: 'dpop_nonce_required',
      } as const;
      const begun = await strict.begin(browser);
      const redeem = async (claims: object) => {
        const proof = await key.proof('POST', tokenAddress, { claims: { ...claims } });
        return tokenRequest(strict, world.proxy.issuer, codeForm(strict, begun), proof);
      };
      const foreign = await tokenRequest(
        acme,
        world.proxy.issuer,
        { grant_type: 'authorization_code' },
        await key.proof('POST', tokenAddress),
      );
      const othersNonce = foreign.headers.get('dpop-nonce') ?? '';
      expect(othersNonce).toMatch(/^[\w-]{43}$/);
      for (const nonce of [undefined, 'made-up', '', 7, othersNonce]) {
        await expectKeptOut(expected, () => redeem({ nonce }), [begun.code]);
      }
      const nonce = (await redeem({})).headers.get('dpop-nonce');
      // RFC 9449 11.1: with our nonce the device's own clock does not matter.
      expect((await redeem({ nonce, iat: now() - 86_400 })).status).toBe(200);
    });
  },
);
