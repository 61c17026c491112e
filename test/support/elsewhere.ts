import * as client from 'openid-client';

import { Browser } from './browser.ts';
import type { Page } from './browser.ts';
import { jsonIn, withJson } from './upstream/answer.ts';
import { altered } from './upstream/faults.ts';
import type { World, WorldOptions, WorldVendor } from './world.ts';
import { createWorld, vendorSecret } from './world.ts';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const CIBA = 'urn:openid:params:grant-type:ciba';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const REFRESH_TOKEN = 'urn:ietf:params:oauth:token-type:refresh_token';

const GRANT_TYPES = ['authorization_code', 'refresh_token', DEVICE_CODE, CIBA, TOKEN_EXCHANGE];

/** A world in which every vendor may log users in on other devices, and exchange tokens. */
export async function elsewhereWorld(
  vendors: readonly WorldVendor[] = [{ id: 'acme' }, { id: 'bolt' }],
  options: WorldOptions = {},
): Promise<World> {
  const world = await createWorld(
    vendors.map((vendor) => ({
      ...vendor,
      client: { grant_types: GRANT_TYPES, ...vendor.client },
      upstreamClient: {
        grant_types: GRANT_TYPES,
        backchannel_token_delivery_mode: 'poll',
        ...vendor.upstreamClient,
      } as object,
    })),
    {
      ...options,
      upstream: {
        elsewhere: { device: true, ciba: true, tokenExchange: true },
        ...options.upstream,
      },
    },
  );
  letPollQuickly(world);
  return world;
}

/** Nobody has to wait five seconds between two polls. */
function letPollQuickly({ upstream }: World): void {
  const quick = altered((answer) => withJson(answer, { ...jsonIn(answer), interval: 1 }));
  upstream.faults.arm('device', quick);
  upstream.faults.arm('backchannel', quick);
}

/** A vendor's own software, on openid-client. */
export function partyOf(world: World, id: string): Promise<client.Configuration> {
  const { clientId, record } = world.vendor(id);
  const { issuer } = world.proxy;
  return client.discovery(new URL(issuer), clientId, vendorSecret(id), undefined, {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: record.fetch as client.CustomFetch,
  });
}

/** The user follows the address on the device through our page and the provider's to the end. */
export async function connectDevice(
  address: string,
  username: string,
  browser = new Browser(),
): Promise<Page> {
  const ours = await browser.open(address);
  const link = /href="([^"]+)"/.exec(ours.body)?.[1]?.replaceAll('&amp;', '&');
  if (link === undefined) throw new Error(`no way on: ${ours.body}`);
  let { page } = await browser.walk(link, { from: ours });
  for (let step = 0; step < 5 && page.forms.length > 0; step += 1) {
    const asksPassword = page.forms[0]?.fields['password'] !== undefined;
    const fields = asksPassword ? { username, password: `${username}-password` } : {};
    ({ page } = await browser.submit(page, fields));
  }
  return page;
}
