import { createPrivateKey, createPublicKey, KeyObject, randomUUID } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';

import type { JWK } from 'jose';
import { decodeJwt, decodeProtectedHeader } from 'jose';

import { Browser } from './browser.ts';
import type { Answer } from './by-hand.ts';
import { ask, vendorByHand } from './by-hand.ts';
import { DpopKey, tokenRequest } from './dpop.ts';
import type { GoodJwt } from './jwt-attacks.ts';
import type { VendorKey } from './signing-client.ts';
import { assertionClaims, assertionForm, newVendorKey } from './signing-client.ts';
import { jsonIn, withBody } from './upstream/answer.ts';
import { altered } from './upstream/faults.ts';
import { forgedIdToken } from './upstream/forged-id-token.ts';
import { LOGOUT_EVENT } from './upstream/logout-token.ts';
import type { World } from './world.ts';
import { createWorld, loggedOutAt } from './world.ts';

/** A JWT as it should be, without what is the same everywhere. */
export type Entering = Pick<GoodJwt, 'header' | 'claims' | 'publicKey' | 'privateKey'>;

/** A place where a JWT comes in. */
export interface Entrance {
  readonly name: string;
  /** Whoever sends it brings the key that it is signed with (DPoP). */
  readonly ownKey?: true;
  /** One that we issued ourselves, with a key that nobody else has. */
  readonly asIssued?: string;
  /** One that would be taken, fresh each time. */
  readonly good: () => Entering;
  /** Lets what the attacker makes of a good one in; whether it was taken. */
  readonly present: (
    make: (good: Entering) => string,
  ) => Promise<{ taken: boolean; status: number }>;
}

/** A world with every entrance open, and a vendor `acme` that signs with this key. */
export async function openEntrances(): Promise<{
  world: World;
  entrances: () => Promise<Entrance[]>;
}> {
  const key = await newVendorKey('RS256');
  const world = await createWorld(
    [
      {
        id: 'acme',
        client: {
          ...{ client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' },
          jwks: { keys: [key.jwk] },
        },
      },
      { id: 'bolt' },
    ],
    { environment: { TRUSTED_PROXIES: '127.0.0.1/32' } },
  );
  return { world, entrances: () => entrancesOf(world, key) };
}

async function entrancesOf(world: World, key: VendorKey): Promise<Entrance[]> {
  const { issuer } = world.proxy;
  const acme = vendorByHand(world, 'acme');
  const bolt = vendorByHand(world, 'bolt');
  const browser = new Browser();
  // The hint at logout ends the grant that it is of.
  const { idToken } = await bolt.logIn(new Browser());
  const { accessToken } = await bolt.logIn(browser);
  const signer = vendorSigner(key);
  const dpop = await dpopSigner();
  const jwks = JSON.parse((await ask(`${issuer}/oidc/jwks`)).body) as { keys: JWK[] };
  let address = 0;
  const now = (): number => Math.floor(Date.now() / 1000);
  const form = (path: string, members: Record<string, string>): Promise<Answer> => {
    address += 1;
    return ask(`${issuer}${path}`, {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        // Whoever fails often is not listened to for a while.
        'x-forwarded-for': `10.1.${address >> 8}.${address & 255}`,
      },
      body: new URLSearchParams(members).toString(),
    });
  };
  const refresh = { grant_type: 'refresh_token', refresh_token: 'made-up' };
  const entrance = (
    name: string,
    good: () => Entering,
    attempt: (jwt: string) => Promise<Answer>,
    isTaken: (answer: Answer) => boolean,
  ): Entrance => ({
    ...{ name, good },
    present: async (make) => {
      const answer = await attempt(make(good()));
      return { taken: isTaken(answer), status: answer.status };
    },
  });
  const upstreamJwt = (claims: Record<string, unknown>, header: object = {}): Entering => ({
    header: { alg: 'RS256', kid: world.upstream.signingKey().kid, ...header },
    claims: { iss: world.upstream.issuer, aud: 'legacy-bolt', ...claims },
    ...keysOf(world.upstream.signingKey()),
  });

  return [
    entrance(
      'a client assertion',
      () => ({ ...signer, claims: assertionClaims(acme.clientId, issuer) }),
      (jwt) => form('/oidc/token', { ...refresh, ...assertionForm(jwt) }),
      ({ body }) => body.includes('invalid_grant'),
    ),
    entrance(
      'a request object',
      () => {
        const { jti: _jti, sub: _sub, ...times } = assertionClaims(acme.clientId, issuer);
        const inside = Object.fromEntries(acme.request().url.searchParams);
        return { ...signer, claims: { ...inside, ...times } };
      },
      (request) => {
        const { clientId: client_id, redirectUri: redirect_uri } = acme;
        return ask(`${issuer}/oidc/authorize${queryOf({ client_id, redirect_uri, request })}`);
      },
      ({ headers }) => new URL(headers.get('location') ?? issuer).searchParams.has('nonce'),
    ),
    {
      ...entrance(
        'a DPoP proof',
        () => ({
          ...dpop,
          claims: { jti: randomUUID(), htm: 'POST', htu: `${issuer}/oidc/token`, iat: now() },
        }),
        (jwt) => tokenRequest(bolt, issuer, refresh, jwt),
        ({ body }) => body.includes('invalid_grant'),
      ),
      ownKey: true,
    },
    {
      ...entrance(
        'an ID token as a hint at logout',
        () => ({
          ...{ header: { ...decodeProtectedHeader(idToken) }, claims: decodeJwt(idToken) },
          publicKey: publicKeyOf(jwks.keys, String(decodeProtectedHeader(idToken).kid)),
          privateKey: undefined,
        }),
        (jwt) => {
          const post_logout_redirect_uri = loggedOutAt(bolt.redirectUri);
          const parameters = { id_token_hint: jwt, post_logout_redirect_uri };
          return ask(`${issuer}/oidc/logout${queryOf(parameters)}`);
        },
        ({ status }) => status === 303,
      ),
      asIssued: idToken,
    },
    entrance(
      'a logout token of the upstream',
      () =>
        upstreamJwt(
          {
            ...{ sub: 'nobody', iat: now(), exp: now() + 120, jti: randomUUID() },
            events: { [LOGOUT_EVENT]: {} },
          },
          { typ: 'logout+jwt' },
        ),
      (jwt) => form('/oidc/backchannel-logout', { logout_token: jwt }),
      ({ status }) => status === 200,
    ),
    {
      name: 'an ID token of the upstream',
      good: () => upstreamJwt({}),
      present: async (make) => {
        const begun = await bolt.begin(browser);
        const forge = (jwt: string): string => make(upstreamJwt(decodeJwt(jwt)));
        world.upstream.faults.arm('token', forgedIdToken(forge), 1);
        const { status } = await bolt.redeem(begun);
        return { taken: status === 200, status };
      },
    },
    {
      name: 'signed userinfo of the upstream',
      good: () => upstreamJwt({ sub: 'alice' }),
      present: async (make) => {
        const fault = altered((answer) =>
          withBody(answer, make(upstreamJwt(jsonIn(answer))), 'application/jwt'),
        );
        world.upstream.faults.arm('userinfo', fault, 1);
        const { status } = await bolt.userinfo(accessToken);
        return { taken: status === 200, status };
      },
    },
  ];
}

function queryOf(parameters: Record<string, string>): string {
  return `?${new URLSearchParams(parameters).toString()}`;
}

function vendorSigner({ privateKey, jwk, kid, alg }: VendorKey): Omit<Entering, 'claims'> {
  return {
    header: { alg, kid },
    privateKey: KeyObject.from(privateKey),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
  };
}

async function dpopSigner(): Promise<Omit<Entering, 'claims'>> {
  const key = await DpopKey.generate('RS256');
  return {
    header: { typ: 'dpop+jwt', alg: 'RS256', jwk: key.publicJwk },
    ...keysOf(await key.privateJwk()),
  };
}

function keysOf(jwk: JWK): { privateKey: KeyObject; publicKey: KeyObject } {
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function publicKeyOf(keys: readonly JWK[], kid: string): KeyObject {
  const key = keys.find((each) => each.kid === kid);
  return createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
}
