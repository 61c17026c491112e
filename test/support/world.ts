import type { LegacyClient } from '../../demo/legacy-idp/provider.ts';
import type { Dialect, TestDatabase } from './database.ts';
import { freshDatabase } from './database.ts';
import type { ProxyOptions, TestProxy } from './proxy.ts';
import { startProxy } from './proxy.ts';
import { Habits } from './upstream/habits.ts';
import type { Upstream } from './upstream/start.ts';
import type { UpstreamOptions } from './upstream/start.ts';
import { startUpstream } from './upstream/start.ts';
import type { Vendor, VendorOptions } from './vendors/vendor.ts';
import { reservePlace, startVendor } from './vendors/vendor.ts';

/** A vendor of the world, with what is written about its client. */
export interface WorldVendor {
  readonly id: string;
  /** Members of the client entry beside the usual ones. */
  readonly client?: Readonly<Record<string, unknown>>;
  /** Members of the vendor entry beside the usual ones. */
  readonly vendor?: Readonly<Record<string, unknown>>;
  /** `forwarded`: the vendor's credential is the upstream's. Default: terminated. */
  readonly authentication?: 'forwarded' | 'terminated' | 'public';
  readonly library?: VendorOptions['library'];
  /** Members of the upstream's client beside the usual ones. */
  readonly upstreamClient?: Partial<LegacyClient>;
  /** How the vendor's own software is set up. */
  readonly software?: Partial<VendorOptions>;
}

/** What a test of a world chooses beside its vendors. */
export interface WorldOptions extends Partial<ProxyOptions> {
  readonly dialect?: Dialect;
  /** With an `issuer` here, the proxy reaches the upstream at its `UPSTREAM_URL`. */
  readonly upstream?: Omit<UpstreamOptions, 'clients'>;
}

/** A legacy provider, the proxy in front of it, and vendors that know only the proxy. */
export interface World {
  readonly upstream: Upstream;
  readonly proxy: TestProxy;
  readonly database: TestDatabase;
  vendor(id: string): Vendor;
  close(): Promise<void>;
}

/** The vendors `acme` and `bolt`, both pairwise, with credentials that the upstream does not know. */
export const ACME_AND_BOLT: readonly WorldVendor[] = [{ id: 'acme' }, { id: 'bolt' }];

/** The secret that a vendor uses at the proxy. */
export function vendorSecret(id: string): string {
  return `${id}-secret-at-the-proxy-0123456789`;
}

/** The secret that the upstream knows for a vendor's client. */
export function upstreamSecret(id: string): string {
  return `${id}-secret-at-the-upstream-0123456789`;
}

/** Builds a world; close it when done. */
export async function createWorld(
  vendors: readonly WorldVendor[] = ACME_AND_BOLT,
  options: WorldOptions = {},
): Promise<World> {
  const places = new Map<string, Awaited<ReturnType<typeof reservePlace>>>();
  for (const { id, software } of vendors) places.set(id, await reservePlace(software ?? {}));
  const placeOf = (id: string) => places.get(id) ?? fail(id);
  const { secretEnding, environment } = new Habits(options.upstream?.profiles ?? []);
  const upstream = await startUpstream({
    ...options.upstream,
    clients: vendors.map((vendor) => ({
      client_id: upstreamClientId(vendor),
      client_secret: upstreamSecret(vendor.id) + secretEnding,
      redirect_uris: [placeOf(vendor.id).redirectUri],
      post_logout_redirect_uris: [loggedOutAt(placeOf(vendor.id).redirectUri)],
      grant_types: ['authorization_code', 'refresh_token'],
      ...vendor.upstreamClient,
    })),
  });
  const database = options.database ?? (await freshDatabase(options.dialect ?? 'sqlite'));
  const proxy = await startProxy({
    upstreamIssuer: upstream.issuer,
    vendors: vendors.map((vendor) => entryOf(vendor, placeOf(vendor.id).redirectUri, secretEnding)),
    ...options,
    environment: {
      ...(options.upstream?.issuer === undefined ? {} : { UPSTREAM_URL: upstream.url }),
      ...environment,
      ...options.environment,
    },
    database,
  });
  // What `callback` needs at the upstream.
  const callback = `${proxy.issuer}/oidc/callback`;
  upstream.setClients(
    upstream.clients.map((client) => ({
      backchannel_logout_uri: `${proxy.issuer}/oidc/backchannel-logout`,
      backchannel_logout_session_required: true,
      ...client,
      redirect_uris: [...client.redirect_uris, callback],
      post_logout_redirect_uris: [...(client.post_logout_redirect_uris ?? []), callback],
    })),
  );
  const running = new Map<string, Vendor>();
  for (const vendor of vendors) {
    running.set(
      vendor.id,
      await startVendor({
        issuer: proxy.issuer,
        clientId: clientIdOf(vendor),
        ...(vendor.authentication === 'public'
          ? {}
          : { clientSecret: secretOf(vendor, secretEnding) }),
        port: placeOf(vendor.id).port,
        ...(vendor.library === undefined ? {} : { library: vendor.library }),
        ...vendor.software,
      }),
    );
  }
  return {
    ...{ upstream, proxy, database },
    vendor: (id) => running.get(id) ?? fail(id),
    close: async () => {
      for (const vendor of running.values()) await vendor.close();
      await proxy.close();
      await upstream.close();
      if (options.database === undefined) await database.close();
    },
  };
}

/** Where a vendor's users come back to after a logout. */
export function loggedOutAt(redirectUri: string): string {
  return new URL('/logged-out', redirectUri).href;
}

function clientIdOf({ id, authentication }: WorldVendor): string {
  return authentication === 'forwarded' ? `legacy-${id}` : `${id}-web`;
}

function upstreamClientId({ id }: WorldVendor): string {
  return `legacy-${id}`;
}

function secretOf({ id, authentication }: WorldVendor, ending: string): string {
  return authentication === 'forwarded' ? upstreamSecret(id) + ending : vendorSecret(id);
}

function entryOf(vendor: WorldVendor, redirectUri: string, secretEnding: string): object {
  const { id, authentication } = vendor;
  const upstream = {
    client_id: upstreamClientId(vendor),
    client_secret: upstreamSecret(id) + secretEnding,
  };
  const credentials = {
    terminated: { client_secret: vendorSecret(id), upstream },
    forwarded: { accept_bypass: true },
    public: { token_endpoint_auth_method: 'none', upstream },
  }[authentication ?? 'terminated'];
  const client = {
    client_id: clientIdOf(vendor),
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [loggedOutAt(redirectUri)],
    ...credentials,
  };
  return {
    ...{ id, name: `Vendor ${id}` },
    ...vendor.vendor,
    clients: [{ ...client, ...vendor.client }],
  };
}

function fail(id: string): never {
  throw new Error(`there is no vendor ${id}`);
}
