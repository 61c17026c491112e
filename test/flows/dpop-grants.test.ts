/*
 * Tokens bound to a key (RFC 9449) by the grants that begin without the vendor's page, and where
 * the binding is told: in a JWT access token and in introspection (RFC 9449 6).
 */
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Browser } from '../support/browser.ts';
import type { Changes } from '../support/by-hand.ts';
import { member, members, vendorByHand } from '../support/by-hand.ts';
import { codeForm, DpopKey, tokenRequest, userinfoRequest } from '../support/dpop.ts';
import { CIBA, connectDevice, DEVICE_CODE, elsewhereWorld, partyOf } from '../support/elsewhere.ts';
import { introspectAs } from '../support/resource-servers.ts';
import type { World } from '../support/world.ts';
import { vendorSecret } from '../support/world.ts';

const API = 'https://api.acme.example';
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE, CIBA];
const GRANTED = { grant_types: GRANTS, dpop_bound_access_tokens: true };
const JWT = { access_token_format: 'jwt', resources: [API] };

let world: World;
let key: DpopKey;
let stranger: DpopKey;
beforeAll(async () => {
  [key, stranger] = [await DpopKey.generate(), await DpopKey.generate()];
  const upstreamClient = { grant_types: GRANTS };
  world = await elsewhereWorld([
    { id: 'acme', client: GRANTED, upstreamClient },
    { id: 'jwt', client: { ...GRANTED, ...JWT }, upstreamClient },
  ]);
});
afterAll(() => world.close());

const endpoint = () => `${world.proxy.issuer}/oidc/token`;

async function request(id: string, form: Changes, by: DpopKey | undefined = key) {
  const proofs = by === undefined ? [] : [await by.proof('POST', endpoint())];
  return tokenRequest(vendorByHand(world, id), world.proxy.issuer, form, ...proofs);
}

/** Each grant up to the token request that yields the tokens. */
const BEGUN: readonly (readonly [string, (id: string) => Promise<Changes>])[] = [
  [
    'a code',
    async (id) => {
      const party = vendorByHand(world, id);
      return codeForm(party, await party.begin(new Browser()));
    },
  ],
  ['client_credentials', () => Promise.resolve({ grant_type: 'client_credentials' })],
  [
    'a device',
    async (id) => {
      const party = await partyOf(world, id);
      const device = await client.initiateDeviceAuthorization(party, { scope: 'openid' });
      await connectDevice(String(device.verification_uri_complete), 'alice');
      return { grant_type: DEVICE_CODE, device_code: device.device_code };
    },
  ],
  [
    'CIBA',
    async (id) => {
      const party = await partyOf(world, id);
      const code = codeForm(
        vendorByHand(world, id),
        await vendorByHand(world, id).begin(new Browser()),
      );
      const hint = member(await request(id, code), 'id_token');
      const begun = await client.initiateBackchannelAuthentication(party, {
        ...{ scope: 'openid', id_token_hint: hint },
      });
      await world.upstream.waiting.at(-1)?.decide('yes');
      return { grant_type: CIBA, auth_req_id: begun.auth_req_id };
    },
  ],
];

describe.each(BEGUN)('by %s', (name, begin) => {
  it.each(['acme', 'jwt'])('a token of %s is bound to the key that was proved', async (id) => {
    const answer = await request(id, await begin(id));
    expect(answer.status, answer.body).toBe(200);
    expect(member(answer, 'token_type')).toBe('DPoP');
    const token = member(answer, 'access_token');
    const about = await introspectAs(
      world.proxy.issuer,
      { id: `${id}-web`, secret: vendorSecret(id) },
      token,
    );
    const cnf = { jkt: key.jkt };
    expect(about.body).toMatchObject({ active: true, token_type: 'DPoP', cnf });
    if (id === 'jwt') expect(decodeJwt(token)['cnf']).toEqual(cnf);
    if (name === 'client_credentials') return;
    const { issuer } = world.proxy;
    const proof = (by: DpopKey) => by.proof('GET', `${issuer}/oidc/userinfo`, {}, token);
    expect((await userinfoRequest(issuer, 'DPoP', token, await proof(key))).status).toBe(200);
    expect((await userinfoRequest(issuer, 'DPoP', token, await proof(stranger))).status).toBe(401);
  });

  it('a client that has to prove a key gets nothing without', async () => {
    const answer = await tokenRequest(
      vendorByHand(world, 'acme'),
      world.proxy.issuer,
      await begin('acme'),
    );
    expect(answer.status).toBe(400);
    expect(members(answer)).not.toHaveProperty('access_token');
    expect(member(answer, 'error')).toBe('invalid_dpop_proof');
  });
});
