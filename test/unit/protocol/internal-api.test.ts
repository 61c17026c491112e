import { describe, expect, test } from 'vitest';

import { makeAccessToken, packClientGrant } from '../../../src/protocol/access-token.ts';
import { internalApiEndpoint } from '../../../src/protocol/internal-api.ts';
import type { InternalApiParts } from '../../../src/protocol/internal-api.ts';
import { Seals } from '../../../src/protocol/seals.ts';
import { clientSubject } from '../../../src/tokens/at-jwt.ts';
import { Sealer } from '../../../src/tokens/seal.ts';
import type { Client } from '../../../src/vendors/client.ts';
import { clientWith, NOW, reasonOf, requestWith } from './given.ts';

/*
 * A client shows a token of its own, without a user, at an internal API; meanwhile
 * the token, the client or the way there is gone. Nothing may reach the API then.
 */

const ISSUER = 'https://proxy.example';
const API = 'https://internal.example/v1';
const CLIENT = clientWith({ internal_apis: ['orders', 'idp'] });
const store = {
  put: () => Promise.reject(new Error('nothing is long here')),
  read: () => Promise.resolve(undefined),
};
const seals = new Seals(new Sealer(Buffer.alloc(32, 9)), store, 4000);
const never = () => Promise.reject(new Error('the API was reached'));

interface Situation {
  readonly client?: Client | undefined;
  readonly apis?: InternalApiParts['apis'];
  readonly target?: string;
  /** Seconds between two looks at the clock. */
  readonly pace?: number;
}

async function refusal(situation: Situation): Promise<string | undefined> {
  const { target = '/oidc/api/orders/7', pace = 0 } = situation;
  const client = 'client' in situation ? situation.client : CLIENT;
  const grant = { clientId: CLIENT.clientId, scope: '', resource: [], change: 7, jkt: undefined };
  const { accessToken } = await makeAccessToken(
    { issuer: ISSUER, seals, signingKey: () => fail() },
    {
      ...{ client: CLIENT, subject: clientSubject(CLIENT), scope: '', resource: [] },
      ...{ claims: () => ({}), upstreamToken: 'upstream', jkt: undefined, now: NOW, lifetime: 60 },
      contents: packClientGrant(grant),
    },
  );
  let looks = 0;
  const endpoint = internalApiEndpoint({
    ...{ issuer: ISSUER, seals, publicKeys: () => [], exchange: never },
    clock: () => new Date(NOW.getTime() + pace * 1000 * looks++),
    apis: situation.apis ?? [
      { name: 'orders', address: API },
      { name: 'idp', address: 'https://idp.example/' },
    ],
    upstream: { metadata: () => METADATA },
    dpop: {
      ...{ issuer: ISSUER, claimsRoot: Buffer.alloc(32), clock: () => NOW },
      oneTime: { useOnce: never },
    },
    registry: { find: () => client, isRevoked: () => false, isEnded: () => false },
  });
  const headers = { authorization: `Bearer ${accessToken}` };
  return reasonOf(() => endpoint(requestWith({ target, headers })));
}

const METADATA = {
  advertised: { token_endpoint: 'https://idp.example/token' },
  reached: {},
} as unknown as ReturnType<InternalApiParts['upstream']['metadata']>;

function fail(): never {
  throw new Error('nothing is signed here');
}

describe('the way to an internal API', () => {
  test('is none where no API is set', async () => {
    expect(await refusal({ apis: [] })).toBe('not_found');
  });

  test('ends with the token, also while it is used', async () => {
    expect(await refusal({ pace: 61 })).toBe('token_expired');
  });

  test('ends with the client', async () => {
    expect(await refusal({ client: undefined })).toBe('token_invalid');
  });

  test('ends with all that the client was given before', async () => {
    expect(await refusal({ client: { ...CLIENT, notBefore: 8 } })).toBe('token_invalid');
  });

  test('leads to no API that is set no more', async () => {
    expect(await refusal({ apis: [{ name: 'stock', address: API }] })).toBe('api_not_allowed');
  });

  test('leads nowhere where an endpoint of the provider lies', async () => {
    expect(await refusal({ target: '/oidc/api/idp/token' })).toBe('api_not_allowed');
  });

  test('is open otherwise', async () => {
    await expect(refusal({})).rejects.toThrow('the API was reached');
  });
});
