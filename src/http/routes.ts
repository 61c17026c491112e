import type { Endpoints } from '../protocol/exits.ts';
import type { CorsPolicy } from './cors.ts';

/** One row of the route table. */
export interface Route {
  readonly endpoint: keyof Endpoints;
  /** Under `ISSUER`. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  readonly cors: CorsPolicy;
  /** Whether a person's browser reads the errors. */
  readonly audience: 'browser' | 'vendor';
  /** Present: it takes every address below, and bodies of every kind. */
  readonly passesOn?: true;
  /** Default: a form. `payload`: JSON that may be longer than a form. */
  readonly body?: 'json' | 'payload';
}

/** Every address of ours, in one place (design section 8). */
export const ROUTES: readonly Route[] = [
  {
    endpoint: 'discovery',
    path: '/.well-known/openid-configuration',
    methods: ['GET'],
    cors: 'anyone',
    audience: 'vendor',
  },
  {
    endpoint: 'webfinger',
    path: '/.well-known/webfinger',
    methods: ['GET'],
    cors: 'anyone',
    audience: 'vendor',
  },
  {
    endpoint: 'discovery',
    path: '/.well-known/oauth-authorization-server',
    methods: ['GET'],
    cors: 'anyone',
    audience: 'vendor',
  },
  { endpoint: 'jwks', path: '/oidc/jwks', methods: ['GET'], cors: 'anyone', audience: 'vendor' },
  {
    endpoint: 'authorize',
    path: '/oidc/authorize',
    methods: ['GET', 'POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  { endpoint: 'par', path: '/oidc/par', methods: ['POST'], cors: 'client', audience: 'vendor' },
  {
    endpoint: 'callback',
    path: '/oidc/callback',
    // A provider that redirects with 307 makes the browser post its login form here; only the
    // query is read.
    methods: ['GET', 'POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'notice',
    path: '/oidc/notice',
    methods: ['GET', 'POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'logout',
    path: '/oidc/logout',
    methods: ['GET', 'POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'backchannelLogout',
    path: '/oidc/backchannel-logout',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'vendor',
  },
  {
    endpoint: 'frontchannelLogout',
    path: '/oidc/frontchannel-logout',
    methods: ['GET'],
    cors: 'nobody',
    audience: 'browser',
  },
  { endpoint: 'token', path: '/oidc/token', methods: ['POST'], cors: 'client', audience: 'vendor' },
  {
    endpoint: 'introspect',
    path: '/oidc/introspect',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'vendor',
  },
  {
    endpoint: 'revoke',
    path: '/oidc/revoke',
    methods: ['POST'],
    cors: 'client',
    audience: 'vendor',
  },
  {
    endpoint: 'userinfo',
    path: '/oidc/userinfo',
    methods: ['GET', 'POST'],
    cors: 'client',
    audience: 'vendor',
  },
  {
    // A vendor's device posts here; its user opens the same address.
    endpoint: 'device',
    path: '/oidc/device',
    methods: ['GET', 'POST'],
    cors: 'client',
    audience: 'vendor',
  },
  {
    endpoint: 'register',
    path: '/oidc/register',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'vendor',
    body: 'json',
  },
  {
    endpoint: 'registration',
    path: '/oidc/register/:client_id',
    methods: ['GET', 'PUT', 'DELETE'],
    cors: 'nobody',
    audience: 'vendor',
    body: 'json',
  },
  {
    endpoint: 'mapping',
    path: '/oidc/mapping',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'vendor',
    body: 'payload',
  },
  {
    endpoint: 'internalApi',
    path: '/oidc/api',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    cors: 'nobody',
    audience: 'vendor',
    passesOn: true,
  },
  {
    endpoint: 'events',
    path: '/oidc/events',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'vendor',
    body: 'json',
  },
  { endpoint: 'ciba', path: '/oidc/ciba', methods: ['POST'], cors: 'client', audience: 'vendor' },
  {
    endpoint: 'account',
    path: '/account',
    methods: ['GET'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountLogin',
    path: '/account/login',
    methods: ['GET'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountCallback',
    path: '/account/callback',
    methods: ['GET'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountDisconnect',
    path: '/account/disconnect',
    methods: ['GET', 'POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountDownload',
    path: '/account/download',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountLogout',
    path: '/account/logout',
    methods: ['POST'],
    cors: 'nobody',
    audience: 'browser',
  },
  {
    endpoint: 'accountStyle',
    path: '/account/style.css',
    methods: ['GET'],
    cors: 'nobody',
    audience: 'browser',
  },
];

/** Path prefixes under `ISSUER` that are ours alone and never relayed. */
export const OWN_PREFIXES = ['/.well-known', '/oidc', '/account'] as const;
