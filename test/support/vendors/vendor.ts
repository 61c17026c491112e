import { createVendorApp } from '../../../demo/vendor/app.ts';
import { openRelyingParty } from '../../../demo/vendor/relying-party.ts';
import type { Registration, RelyingParty, Tokens } from '../../../demo/vendor/relying-party.ts';
import type { Browser } from '../browser.ts';
import { freePort } from '../free-port.ts';
import { publish } from '../ingress.ts';
import { listen } from '../listen.ts';
import { VendorRecord } from '../recorder.ts';
import { recordingRequests } from './record-requests.ts';

/** A vendor's place in the network, needed before it is registered anywhere. */
export interface Place {
  readonly origin: string;
  readonly redirectUri: string;
}

export interface VendorOptions extends Omit<Registration, 'redirectUri' | 'fetch'> {
  /** Shown on the pages. Default: the client id. */
  readonly name?: string;
  /**
   * The vendor's address as browsers know it, for example `https://acme.example`:
   * a host of its own keeps its cookies apart, as in real life. Default: 127.0.0.1.
   */
  readonly publicOrigin?: string;
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

/** A free place for a vendor, whose port can be registered before it is used. */
export async function reservePlace(options: {
  readonly publicOrigin?: string;
  readonly redirectPath?: string;
}): Promise<Place & { readonly port: number }> {
  const port = await freePort();
  return { port, ...placeOf(port, options.publicOrigin, options.redirectPath) };
}

/** Starts a vendor's web application on 127.0.0.1. */
export async function startVendor(options: VendorOptions): Promise<Vendor> {
  const record = new VendorRecord();
  const library = options.library ?? openRelyingParty;
  let handle: Parameters<typeof listen>[0] = () => undefined;
  const server = await listen((request, response) => handle(request, response), options.port);
  const place = placeOf(server.port, options.publicOrigin, options.redirectPath);
  const app = createVendorApp({
    name: options.name ?? options.clientId,
    cookieName: `vendor-${options.clientId}`,
    origin: place.origin,
    redirectPath: options.redirectPath ?? '/callback',
    open: () => library({ ...options, redirectUri: place.redirectUri, fetch: record.fetch }),
  });
  handle = recordingRequests(record, app.handler);
  const unpublish = publish(place.origin, server.port);
  const loginUrl = `${place.origin}/login`;
  return {
    ...place,
    clientId: options.clientId,
    loginUrl,
    record,
    party: app.party,
    close: async () => {
      unpublish();
      await server.close();
    },
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

function placeOf(port: number, publicOrigin?: string, redirectPath = '/callback'): Place {
  const origin = publicOrigin ?? `http://127.0.0.1:${port}`;
  return { origin, redirectUri: `${origin}${redirectPath}` };
}
