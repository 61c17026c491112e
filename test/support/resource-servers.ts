import * as client from 'openid-client';

import { member, vendorByHand } from './by-hand.ts';
import type { Browser } from './browser.ts';
import type { VendorRecord } from './recorder.ts';
import type { JsonAnswer } from './steps.ts';
import { basic, postForm } from './steps.ts';
import type { World } from './world.ts';

/** An API of a vendor, which asks about the tokens that it is shown. */
export interface TestApi {
  readonly id: string;
  readonly secret: string;
  readonly audience: string;
}

/** An API of that name, with an audience of its own. */
export function apiNamed(id: string): TestApi {
  return { id, secret: `${id}-secret-at-the-proxy-0123456789`, audience: `https://${id}.example` };
}

/** Registers an API at a vendor; `changes` are members of its entry. */
export async function registerApi(
  world: World,
  vendor: string,
  api: TestApi,
  changes: { readonly sector?: string; readonly vendors?: readonly string[] } = {},
): Promise<void> {
  const { vendors = [], ...entry } = changes;
  const resourceServer = { audience: [api.audience], vendors };
  const entryOfApi = {
    ...{ client_id: api.id, client_secret: api.secret, resource_server: resourceServer },
    ...entry,
  };
  await world.proxy.apply([{ id: vendor, name: `Vendor ${vendor}`, clients: [entryOfApi] }]);
}

/** Asks introspection as an API does, by hand. */
export function introspectAs(
  issuer: string,
  { id, secret }: Pick<TestApi, 'id' | 'secret'>,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  return postForm(`${issuer}/oidc/introspect`, { token }, { ...basic(id, secret), ...headers });
}

/** The tokens of a login that asked for resources. */
export async function tokensFor(
  world: World,
  vendor: string,
  browser: Browser,
  changes: Readonly<Record<string, string>> = {},
): Promise<{
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
}> {
  const party = vendorByHand(world, vendor);
  const answer = await party.redeem(await party.begin(browser, 'alice', changes));
  return {
    accessToken: member(answer, 'access_token'),
    refreshToken: member(answer, 'refresh_token'),
    idToken: member(answer, 'id_token'),
  };
}

/** A confidential party on openid-client, unmodified; `record` notes what it receives. */
export async function openParty(
  issuer: string,
  clientId: string,
  secret: string,
  record?: VendorRecord,
): Promise<client.Configuration> {
  const options = {
    execute: [client.allowInsecureRequests],
    ...(record === undefined ? {} : { [client.customFetch]: record.fetch as client.CustomFetch }),
  };
  const authentication = client.ClientSecretBasic(secret);
  return client.discovery(new URL(issuer), clientId, {}, authentication, options);
}
