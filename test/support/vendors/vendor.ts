import { createVendorApp } from '../../../demo/vendor/app.ts';
import { openRelyingParty } from '../../../demo/vendor/relying-party.ts';
import type { Registration, RelyingParty, Tokens } from '../../../demo/vendor/relying-party.ts';
import type { Browser } from '../browser.ts';
import { listen } from '../listen.ts';
import { VendorRecord } from '../recorder.ts';
import { recordingRequests } from './record-requests.ts';

/** A vendor's place in the network, needed before it is registered anywhere. */
export interface Place {
  readonly origin: string;
  readonly redirectUri: string;
}

export interface VendorOptions extends Omit<Registration, 'redirectUri' | 'fetch'> {
  /** Name of the vendor's host for the browser; hosts keep vendors' cookies apart. Default: 127.0.0.1. */
  readonly hostname?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Default: `/callback`. */
  readonly redirectPath?: string;
  /** The library that runs the flows. Default: openid-client. */
  readonly library?: (registration: Registration) => Promise<RelyingParty>;
}

/** A running vendor, with a record of every byte that it received. */
export interface Vendor extends Place {
  readonly clientId: string;
  readonly loginUrl: string;
  readonly record: VendorRecord;
  /** Logs a user in through the vendor's pages; yields what its server then holds. */
  logIn(browser: Browser, username: string): Promise<Tokens>;
  /** The flows themselves, for a test that plays the vendor's server step by step. */
  party(): Promise<RelyingParty>;
  close(): Promise<void>;
}

/** A free place for a vendor: bound once and let go, so that the port can be registered first. */
export async function reservePlace(options: {
  readonly hostname?: string;
  readonly redirectPath?: string;
}): Promise<Place & { readonly port: number }> {
  const { port, close } = await listen(() => undefined);
  await close();
  return { port, ...placeOf(port, options.hostname, options.redirectPath) };
}

/** Starts a vendor's web application on 127.0.0.1. */
export async function startVendor(options: VendorOptions): Promise<Vendor> {
  const record = new VendorRecord();
  const library = options.library ?? openRelyingParty;
  let handle: Parameters<typeof listen>[0] = () => undefined;
  const server = await listen((request, response) => handle(request, response), options.port);
  const place = placeOf(server.port, options.hostname, options.redirectPath);
  const app = createVendorApp({
    name: options.clientId,
    cookieName: `vendor-${server.port}`,
    origin: place.origin,
    redirectPath: options.redirectPath ?? '/callback',
    open: () => library({ ...options, redirectUri: place.redirectUri, fetch: record.fetch }),
  });
  handle = recordingRequests(record, app.handler);
  const loginUrl = `${place.origin}/login`;
  return {
    ...place,
    clientId: options.clientId,
    loginUrl,
    record,
    party: app.party,
    close: server.close,
    logIn: async (browser, username) => {
      const before = app.latest();
      const { status, body } = await browser.loginInto(loginUrl, { username });
      const tokens = app.latest();
      if (status !== 200 || tokens === undefined || tokens === before) {
        throw new Error(`the vendor did not log ${username} in: ${status} ${body}`);
      }
      return tokens;
    },
  };
}

function placeOf(port: number, hostname = '127.0.0.1', redirectPath = '/callback'): Place {
  const origin = `http://${hostname}:${port}`;
  return { origin, redirectUri: `${origin}${redirectPath}` };
}
