import { compactDecrypt, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ALICE, claimsOf, emailOf, objectIdOf } from '../../demo/legacy-idp/users.ts';
import { Browser } from '../support/browser.ts';
import type { Answer, VendorByHand } from '../support/by-hand.ts';
import { member, vendorByHand } from '../support/by-hand.ts';
import { withJson } from '../support/upstream/answer.ts';
import { altered } from '../support/upstream/faults.ts';
import { valuesIn } from '../support/decode.ts';
import { commonValues, findings, VendorRecord } from '../support/recorder.ts';
import type { World } from '../support/world.ts';
import { createWorld, upstreamSecret } from '../support/world.ts';
import { isPublic, strangersRecord } from './public-values.ts';
import { letUpstreamTalk } from './scenario.ts';

/*
 * Two vendors whose tokens are JWTs that their resources read, whose ID tokens
 * are encrypted and whose userinfo is signed, put together all that they received
 * over login, refresh, userinfo and a token of their own software, decrypted.
 */

const IDS = ['acme', 'bolt'] as const;
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];
const FIXED = new Set(['application/jwt', 'RSA-OAEP-256', 'A128CBC-HS256', 'reports']);

let world: World;
/** Passed for the proxy, so that two equal instants are no accident. */
let seconds = 0;
const secrets = new Set<string>();
const keys = new Map<string, CryptoKey>();
const troubles: string[] = [];
const idTokens: string[] = [];
const jwts = new Map<string, string[]>();
let refused: Answer | undefined;

beforeAll(async () => {
  world = await createWorld(await Promise.all(IDS.map(vendorOf)), {
    clock: () => new Date(Date.now() + seconds * 1000),
  });
  for (const text of [ALICE.username, emailOf(ALICE), objectIdOf(ALICE)]) secrets.add(text);
  secrets.add(String(claimsOf(ALICE)['picture']));
  for (const text of [world.upstream.issuer, new URL(world.upstream.issuer).host])
    secrets.add(text);
  for (const id of IDS) for (const text of [upstreamSecret(id), `legacy-${id}`]) secrets.add(text);
  letUpstreamTalk(world, secrets);
  // It knows a user even of a token that has none.
  world.upstream.faults.arm(
    'userinfo',
    altered((answer) =>
      answer.status === 200 ? answer : { ...withJson(answer, { sub: 'alice' }), status: 200 },
    ),
  );
  const browser = new Browser();
  for (const id of IDS) {
    await visit(id, browser).catch((error: unknown) => troubles.push(`${id}: ${String(error)}`));
  }
});
afterAll(() => world.close());

describe('what vendors receive as JWTs', () => {
  it('every step works', () => {
    expect(troubles).toEqual([]);
    expect([...jwts.values()].flat()).toHaveLength(6);
  });

  it.each(IDS)('%s finds no identifier of the user, the session or the upstream', (id) => {
    expect(findings(world.vendor(id).record, [...secrets])).toEqual([]);
  });

  it('the two records have no value of 8 characters or more in common', async () => {
    const common = commonValues(world.vendor('acme').record, world.vendor('bolt').record);
    const stranger = await strangersRecord(world.proxy.issuer);
    const headers = new Set([...(await headersOfOurKeys()), ...(await refusal())]);
    expect(
      common.filter(
        (value) => !isPublic(value, stranger) && !FIXED.has(value) && !headers.has(value),
      ),
    ).toEqual([]);
  });

  it('every access token names the sealed subject, or the client alone', () => {
    for (const id of IDS) {
      const [user, refreshed, own] = (jwts.get(id) ?? []).map((token) => decodeJwt(token));
      expect(user?.sub).toMatch(/^[a-z2-7]{52}$/);
      expect(refreshed?.sub).toBe(user?.sub);
      expect(own?.sub).toBe(`${id}-web`);
    }
  });

  it('every ID token of a client with encryption is encrypted', () => {
    expect(idTokens.map((token) => token.split('.').length)).toEqual([5, 5, 5, 5]);
  });

  it('userinfo knows no user of a token without one', () => {
    expect(refused?.status).toBe(401);
  });
});

async function vendorOf(id: string) {
  const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP-256', { extractable: true });
  keys.set(id, privateKey);
  return {
    id,
    upstreamClient: { grant_types: GRANTS },
    client: {
      ...{ access_token_format: 'jwt', resources: [`https://api.${id}.example`] },
      ...{ grant_types: GRANTS, scope: 'openid profile email reports' },
      jwks: { keys: [{ ...(await exportJWK(publicKey)), use: 'enc' }] },
      id_token_encrypted_response_alg: 'RSA-OAEP-256',
      userinfo_signed_response_alg: 'RS256',
    },
  };
}

async function visit(id: string, browser: Browser): Promise<void> {
  const party = vendorByHand(world, id);
  const first = await noted(id, party.redeem(await party.begin(browser)));
  const refreshed = await noted(id, party.refresh(member(first, 'refresh_token')));
  await noted(id, party.userinfo(member(first, 'access_token')));
  for (const answer of [first, refreshed]) {
    const idToken = member(answer, 'id_token');
    idTokens.push(idToken);
    world.vendor(id).record.add('ID token, decrypted', await decrypted(id, idToken));
  }
  const own = await noted(id, ownToken(party));
  jwts.set(
    id,
    [first, refreshed, own].map((answer) => member(answer, 'access_token')),
  );
  refused = await noted(id, party.userinfo(member(own, 'access_token')));
}

function ownToken(party: VendorByHand): Promise<Answer> {
  return party.token({ grant_type: 'client_credentials', scope: 'reports' });
}

async function noted(id: string, asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  seconds += 7;
  // So much time at once would be more than a replica may go without a look at the database.
  await world.proxy.application.registry.refresh();
  const { record } = world.vendor(id);
  record.addHeaders('answer', answer.headers);
  record.add('answer: body', answer.body);
  return answer;
}

async function decrypted(id: string, token: string): Promise<string> {
  const key = keys.get(id);
  if (key === undefined || token.split('.').length !== 5) return token;
  return new TextDecoder().decode((await compactDecrypt(token, key)).plaintext);
}

/** What userinfo tells anybody who has no token. */
async function refusal(): Promise<readonly string[]> {
  const record = new VendorRecord();
  const headers = { authorization: 'Bearer nonsense' };
  await record.fetch(`${world.proxy.issuer}/oidc/userinfo`, { headers });
  return record.received.flatMap(({ text }) => [...valuesIn(text)]);
}

/** What every token that is signed with one of our keys begins with. */
async function headersOfOurKeys(): Promise<ReadonlySet<string>> {
  const answer = await fetch(`${world.proxy.issuer}/oidc/jwks`);
  const { keys: published } = (await answer.json()) as {
    keys: readonly { kid: string; alg: string }[];
  };
  const headers = published.flatMap(({ alg, kid }) =>
    [
      { alg, typ: 'at+jwt', kid },
      { alg, kid },
    ].map((header) => JSON.stringify(header)),
  );
  headers.push(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', cty: 'JWT' }));
  return new Set([...headers, ...headers.map((text) => Buffer.from(text).toString('base64url'))]);
}
