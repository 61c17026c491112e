import { randomBytes } from 'node:crypto';

import express from 'express';
import session from 'express-session';
import passport from 'passport';
import passportOpenidConnect from 'passport-openidconnect';

import { listen } from '../listen.ts';

/** A vendor that leaves everything to passport-openidconnect. */
export interface PassportVendor {
  /** Where a login begins; its last page is `{"id": <sub>}`. */
  readonly loginUrl: string;
  close(): Promise<void>;
}

/** Starts it at `http://127.0.0.1:<port>`, with the redirect URI `/callback`. */
export async function startPassportVendor(options: {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly port: number;
}): Promise<PassportVendor> {
  const { issuer, clientId, clientSecret, port } = options;
  const origin = `http://127.0.0.1:${port}`;
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
  const document = (await discovery.json()) as Readonly<Record<string, string>>;
  const authenticator = new passport.Passport();
  const strategy = new passportOpenidConnect.Strategy(
    {
      issuer: document['issuer'],
      authorizationURL: document['authorization_endpoint'],
      tokenURL: document['token_endpoint'],
      userInfoURL: document['userinfo_endpoint'],
      clientID: clientId,
      clientSecret,
      callbackURL: `${origin}/callback`,
    },
    (_issuer, profile, done) => done(null, profile),
  );
  authenticator.use('oidc', strategy);
  const app = express();
  const secret = randomBytes(32).toString('hex');
  app.use(session({ secret, resave: false, saveUninitialized: false }));
  app.use(authenticator.initialize());
  const authenticate = authenticator.authenticate('oidc', { session: false });
  app.get('/login', authenticate);
  app.get('/callback', authenticate, (request, response) => {
    const { user } = request as unknown as { readonly user: { readonly id: string } };
    response.json({ id: user.id });
  });
  const server = await listen(app, port);
  return { loginUrl: `${origin}/login`, close: () => server.close() };
}
