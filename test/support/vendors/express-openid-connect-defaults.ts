import { randomBytes } from 'node:crypto';

import express from 'express';
import expressOpenidConnect from 'express-openid-connect';

import { publish } from '../ingress.ts';
import { listen } from '../listen.ts';

/** A vendor that leaves everything to express-openid-connect as it comes. */
export interface DefaultMiddlewareVendor {
  /** Behind a login; `{"claims": <ID token claims>}`. */
  readonly profileUrl: string;
  close(): Promise<void>;
}

/**
 * Starts it on 127.0.0.1 behind its public origin, with the redirect URI
 * `/callback`: an ID token by form_post, and no credentials.
 */
export async function startDefaultMiddlewareVendor(options: {
  readonly issuer: string;
  readonly clientId: string;
  readonly origin: string;
}): Promise<DefaultMiddlewareVendor> {
  const { issuer, clientId, origin } = options;
  const app = express();
  app.use(
    expressOpenidConnect.auth({
      issuerBaseURL: issuer,
      baseURL: origin,
      clientID: clientId,
      secret: randomBytes(32).toString('hex'),
    }),
  );
  app.get('/profile', (request, response) => {
    response.json({ claims: request.oidc.idTokenClaims });
  });
  const server = await listen(app);
  const unpublish = publish(origin, server.port);
  return {
    profileUrl: `${origin}/profile`,
    close: async () => {
      unpublish();
      await server.close();
    },
  };
}
