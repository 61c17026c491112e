import { randomBytes } from 'node:crypto';

import express from 'express';
import type { Express } from 'express';
import expressOpenidConnect from 'express-openid-connect';

import type { Browser } from '../browser.ts';
import { publish } from '../ingress.ts';
import { listen } from '../listen.ts';
import { VendorRecord } from '../recorder.ts';
import { recordingRequests } from './record-requests.ts';

export interface MiddlewareVendorOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The vendor's address as browsers know it. Default: 127.0.0.1. */
  readonly publicOrigin?: string;
  readonly port?: number;
  readonly scope?: string;
}

/** What the middleware says of the user: ID token claims and userinfo. */
interface Profile {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly userinfo: Readonly<Record<string, unknown>>;
  /** The claims after a refresh. */
  readonly refreshed: Readonly<Record<string, unknown>>;
}

export interface MiddlewareVendor {
  readonly origin: string;
  readonly redirectUri: string;
  readonly record: VendorRecord;
  /** Logs a user in, asks userinfo, refreshes. */
  logIn(browser: Browser, username: string): Promise<Profile>;
  close(): Promise<void>;
}

/** A vendor that leaves everything to express-openid-connect, with `response_type=code`. */
export async function startMiddlewareVendor(
  options: MiddlewareVendorOptions,
): Promise<MiddlewareVendor> {
  const record = new VendorRecord();
  let handle: Parameters<typeof listen>[0] = () => undefined;
  const server = await listen((request, response) => handle(request, response), options.port);
  const origin = options.publicOrigin ?? `http://127.0.0.1:${server.port}`;
  const unpublish = publish(origin, server.port);
  handle = recordingRequests(record, createApp(options, origin, record));
  return {
    origin,
    redirectUri: `${origin}/callback`,
    record,
    close: async () => {
      unpublish();
      await server.close();
    },
    logIn: async (browser, username) => {
      const page = await browser.loginInto(`${origin}/profile`, { username });
      if (page.status !== 200) throw new Error(`${page.status} ${page.body}`);
      return JSON.parse(page.body) as Profile;
    },
  };
}

function createApp(
  options: MiddlewareVendorOptions,
  origin: string,
  record: VendorRecord,
): Express {
  const app = express();
  app.use(
    expressOpenidConnect.auth({
      issuerBaseURL: options.issuer,
      baseURL: origin,
      clientID: options.clientId,
      clientSecret: options.clientSecret,
      secret: randomBytes(32).toString('hex'),
      authRequired: true,
      idpLogout: true,
      routes: { postLogoutRedirect: '/logged-out' },
      customFetch: record.fetch,
      authorizationParams: {
        response_type: 'code',
        scope: options.scope ?? 'openid profile email',
      },
    }),
  );
  app.get('/profile', async (request, response) => {
    const claims = { ...request.oidc.idTokenClaims };
    const userinfo = await request.oidc.fetchUserInfo();
    await request.oidc.accessToken?.refresh();
    response.json({ claims, userinfo, refreshed: { ...request.oidc.idTokenClaims } });
  });
  app.use(
    (
      error: Error,
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction,
    ) => {
      response.status(500).json({ error: error.message, cause: String(error.cause) });
    },
  );
  return app;
}
