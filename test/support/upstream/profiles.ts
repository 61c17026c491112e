import type { IncomingMessage } from 'node:http';

import { SignJWT } from 'jose';

import type { LegacyTokens } from '../../../demo/legacy-idp/tokens.ts';
import { jsonIn, withBody, withJson } from './answer.ts';
import type { Answer, UpstreamRequest } from './answer.ts';
import type { Endpoint } from './faults.ts';
import { NAMING_DESCRIPTION } from './faults.ts';
import { withClaims } from './forged-id-token.ts';
import { CODE_IN_JSON, SINGLE_PAGE_LOGIN } from './single-page-login.ts';

/** The upstream that a profile belongs to. */
export interface Speaker {
  readonly issuer: string;
  signingKey(): Parameters<typeof withClaims>[0] & { kid: string };
}

/** Changes one answer of the upstream. */
export type Alteration = (
  answer: Answer,
  request: UpstreamRequest,
  upstream: Speaker,
) => Answer | Promise<Answer>;

/** One habit of legacy providers. Habits of different kinds can be had together. */
export interface Quirk {
  /** The username, and so the `sub`, of the user called alice elsewhere. */
  readonly subject?: string;
  readonly tokens?: Partial<LegacyTokens>;
  readonly rotatesRefreshTokens?: boolean;
  /** The issuer's path. */
  readonly issuerPath?: string;
  /** Fetches of the keys that still get the old ones after a rotation. */
  readonly staleKeyFetches?: number;
  /** What stands at the end of every client secret. */
  readonly secretEnding?: string;
  /** What the proxy must be told of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Changes a request before the provider reads it: address and headers. */
  readonly reads?: (request: IncomingMessage) => void;
  /** Changes what the provider reads of a body; at its token endpoint the length must stay. */
  readonly readsForm?: (form: string) => string;
  /** Answers an address that the provider does not know. */
  readonly serves?: (request: UpstreamRequest, upstream: Speaker) => Answer | undefined;
  readonly answers?: Partial<Readonly<Record<Endpoint, Alteration>>>;
}

/** A `sub` of the greatest length (OpenID Connect Core 2), in letters of two bytes. */
const LONGEST_SUBJECT = `${'ü'.repeat(127)}x`;

/** The habits of legacy providers, by name. Each works through the proxy. */
export const PROFILES = {
  plain: {},
  'opaque-tokens': { tokens: { access: 'opaque', refresh: 'opaque' } },
  'jwt-tokens': { tokens: { access: 'jwt', refresh: 'jwt' } },
  'long-tokens': {
    tokens: { access: 'jwt', refresh: 'jwt', ballast: 5600 },
    answers: { token: inIdToken(() => ({ groups: 'legacy-group '.repeat(420) })) },
  },
  'no-iss': {
    answers: {
      discovery: members({ authorization_response_iss_parameter_supported: undefined }),
      ...redirects((answer, location) => {
        location.searchParams.delete('iss');
        return at(answer, location);
      }),
    },
  },
  'odd-media-types': {
    answers: {
      ...everyJson((answer) => typed(answer, 'Application/JSON;Charset="UTF-8"')),
      login: (answer) => (isPage(answer) ? typed(answer, 'Text/HTML') : answer),
    },
  },
  'bare-media-types': {
    answers: {
      ...everyJson((answer) => typed(answer, 'application/json')),
      login: (answer) => (isPage(answer) ? typed(answer, 'text/html') : answer),
    },
  },
  'signed-userinfo': { answers: { userinfo: asJwt } },
  'rotating-refresh-tokens': { rotatesRefreshTokens: true },
  'lasting-refresh-tokens': { rotatesRefreshTokens: false },
  'subject-email': { subject: 'alice@people.legacy.example' },
  'subject-number': { subject: '00123456789012345678901234567890' },
  'subject-longest': { subject: LONGEST_SUBJECT },
  'issuer-path': { issuerPath: '/realms/legacy' },
  'slow-key-rotation': { staleKeyFetches: 1 },
  'redirects-301': redirectingWith(301),
  'redirects-302': redirectingWith(302),
  'redirects-303': redirectingWith(303),
  'redirects-307': redirectingWith(307),
  'redirects-308': redirectingWith(308),
  'domain-cookies': {
    answers: { authorize: withCookieDomain, login: withCookieDomain },
  },
  'session-state': {
    answers: {
      discovery: (answer, _request, { issuer }) =>
        withJson(answer, { ...jsonIn(answer), check_session_iframe: `${issuer}/session/check` }),
      token: onSuccess(members({ session_state: 'session-state-of-alice-0123456789' })),
      ...redirects((answer, location) => {
        location.searchParams.set('session_state', 'session-state-of-alice-0123456789');
        return at(answer, location);
      }),
    },
  },
  'errors-name-the-user': {
    answers: {
      token: namingError,
      userinfo: namingError,
      ...redirects((answer, location) => {
        if (!location.searchParams.has('error')) return answer;
        location.searchParams.set('error_description', NAMING_DESCRIPTION);
        location.searchParams.set('error_uri', 'https://legacy.example/users/alice/locked');
        return at(answer, location);
      }),
    },
  },
  'pkce-ignored': {
    reads: (request) => renameInAddress(request, ['code_challenge', 'code_challenge_method']),
    readsForm: (form) => form.replace('code_verifier=', 'xode_verifier='),
  },
  'pkce-refused': {
    answers: {
      discovery: members({ code_challenge_methods_supported: undefined }),
      authorize: refusing((parameters) => parameters.has('code_challenge')),
    },
  },
  'credentials-undecoded': { secretEnding: '%2B+:/&=', reads: encodeCredentials },
  'refresh-without-id-token': {
    answers: {
      token: (answer, { body }) =>
        body.includes('grant_type=refresh_token')
          ? withJson(answer, { ...jsonIn(answer), id_token: undefined })
          : answer,
    },
  },
  'audience-list': {
    // The provider underneath takes no list back; who issues lists asks the user, at worst.
    reads: (request) => {
      if (request.url?.startsWith('/session/end?')) renameInAddress(request, ['id_token_hint']);
    },
    answers: { token: inIdToken(({ aud }) => ({ aud: [aud].flat() })) },
  },
  'single-page-login': SINGLE_PAGE_LOGIN,
  'code-in-json': CODE_IN_JSON,
  'state-limit': {
    environment: { UPSTREAM_STATE_LIMIT: '255' },
    answers: {
      authorize: refusing((parameters) => (parameters.get('state')?.length ?? 0) > 255),
    },
  },
} as const satisfies Record<string, Quirk>;

export type ProfileName = keyof typeof PROFILES;

export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

/** A JSON answer with some members changed; `undefined` takes a member out. */
function members(changed: Readonly<Record<string, unknown>>): Alteration {
  return (answer) => withJson(answer, { ...jsonIn(answer), ...changed });
}

function onSuccess(alteration: Alteration): Alteration {
  return (answer, ...rest) => (answer.status === 200 ? alteration(answer, ...rest) : answer);
}

function inIdToken(
  change: (claims: Readonly<Record<string, unknown>>) => Record<string, unknown>,
): Alteration {
  return async (answer, _request, upstream) => {
    const body = jsonIn(answer);
    const idToken = body['id_token'];
    if (typeof idToken !== 'string') return answer;
    const changed = await withClaims(upstream.signingKey(), change)(idToken);
    return withJson(answer, { ...body, id_token: changed });
  };
}

function everyJson(alteration: Alteration): Partial<Record<Endpoint, Alteration>> {
  return Object.fromEntries(
    ['discovery', 'jwks', 'token', 'userinfo'].map((endpoint) => [endpoint, alteration]),
  );
}

/** At both endpoints that send browsers on. */
function redirects(
  change: (answer: Answer, location: URL) => Answer,
): Readonly<Record<'authorize' | 'login', Alteration>> {
  const alteration: Alteration = (answer, _request, { issuer }) => {
    const { location } = answer.headers;
    if (typeof location !== 'string') return answer;
    const target = new URL(location, issuer);
    const leaves = target.searchParams.has('code') || target.searchParams.has('error');
    return leaves ? change(answer, target) : answer;
  };
  return { authorize: alteration, login: alteration };
}

function redirectingWith(status: number): Quirk {
  // Who keeps the method of a request through redirects takes what comes of it.
  const reads = (request: IncomingMessage): void => {
    if (request.url?.startsWith('/auth/') === true) request.method = 'GET';
  };
  const alteration: Alteration = (answer) =>
    answer.status > 300 && answer.status < 400 ? { ...answer, status } : answer;
  return { reads, answers: { authorize: alteration, login: alteration } };
}

function withCookieDomain(answer: Answer, _request: UpstreamRequest, { issuer }: Speaker): Answer {
  const lines = [answer.headers['set-cookie'] ?? []].flat();
  const domain = new URL(issuer).hostname;
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'set-cookie': lines.map((line) => `${line}; Domain=${domain}`),
    },
  };
}

function at(answer: Answer, location: URL): Answer {
  return {
    ...withBody(answer, ''),
    headers: { ...withBody(answer, '').headers, location: location.href },
  };
}

function typed(answer: Answer, type: string): Answer {
  return withBody(answer, answer.body, type);
}

function isPage(answer: Answer): boolean {
  return String(answer.headers['content-type']).startsWith('text/html');
}

async function asJwt(
  answer: Answer,
  _request: UpstreamRequest,
  upstream: Speaker,
): Promise<Answer> {
  if (answer.status !== 200) return answer;
  const key = upstream.signingKey();
  const jwt = await new SignJWT({ ...jsonIn(answer), iss: upstream.issuer })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid })
    .sign({ ...key, alg: 'RS256' });
  return withBody(answer, jwt, 'application/jwt');
}

function namingError(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  const naming = {
    error_description: NAMING_DESCRIPTION,
    error_uri: 'https://legacy.example/users/alice/locked',
    username: 'alice',
  };
  return {
    ...withJson(answer, { ...jsonIn(answer), ...naming }),
    status: answer.status,
  };
}

/** The provider refuses an authorization request on its own page, before anybody logs in. */
function refusing(applies: (parameters: URLSearchParams) => boolean): Alteration {
  return (answer, { url }) =>
    applies(url.searchParams)
      ? { ...withBody(answer, 'invalid_request', 'text/plain'), status: 400 }
      : answer;
}

function renameInAddress(request: IncomingMessage, names: readonly string[]): void {
  const url = new URL(request.url ?? '/', 'http://legacy.invalid');
  for (const name of names) url.searchParams.delete(name);
  request.url = url.pathname + url.search;
}

/** What is not decoded is what a decoding provider would have been sent encoded. */
function encodeCredentials(request: IncomingMessage): void {
  const [scheme, value] = request.headers.authorization?.split(' ') ?? [];
  if (scheme !== 'Basic' || value === undefined) return;
  const [user = '', ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  const pair = [user, password.join(':')].map(encodeURIComponent).join(':');
  request.headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
}
