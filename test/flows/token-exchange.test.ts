import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Tokens } from '../../demo/vendor/relying-party.ts';
import { Browser } from '../support/browser.ts';
import {
  ACCESS_TOKEN,
  REFRESH_TOKEN,
  TOKEN_EXCHANGE,
  elsewhereWorld,
  partyOf,
} from '../support/elsewhere.ts';
import type { World } from '../support/world.ts';

/** Token exchange (RFC 8693), with openid-client as the vendor's software. */

let world: World;
let tokens: Tokens;
beforeAll(async () => {
  world = await elsewhereWorld();
  tokens = await world.vendor('acme').logIn(new Browser(), 'alice');
});
afterAll(() => world.close());

async function exchange(parameters: Readonly<Record<string, string>>) {
  const party = await partyOf(world, 'acme');
  return { party, answer: await client.genericGrantRequest(party, TOKEN_EXCHANGE, parameters) };
}

describe.each([
  ['an access token', () => tokens.accessToken, ACCESS_TOKEN],
  ['a refresh token', () => String(tokens.refreshToken), REFRESH_TOKEN],
])('%s of ours', (_name, token, type) => {
  it('is exchanged for an access token of ours, for the same user', async () => {
    const { party, answer } = await exchange({
      subject_token: token(),
      subject_token_type: type,
      scope: 'openid',
    });
    expect(answer).toMatchObject({ issued_token_type: ACCESS_TOKEN, scope: 'openid' });
    expect(answer).not.toHaveProperty('act');
    const sub = String(tokens.claims['sub']);
    const userinfo = await client.fetchUserInfo(party, answer.access_token, sub);
    expect(userinfo.sub).toBe(sub);
  });
});

it('a resource that the upstream refuses is invalid_target, in no words of the upstream', async () => {
  const refused = exchange({
    subject_token: tokens.accessToken,
    subject_token_type: ACCESS_TOKEN,
    resource: 'https://closed.example/',
  });
  await expect(refused).rejects.toMatchObject({
    error: 'invalid_target',
    error_description: 'Tokens for this resource or audience are not given.',
  });
});
