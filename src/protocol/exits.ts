import type { Endpoint } from './message.ts';

/** The endpoints of the vendor side. */
export interface Endpoints {
  readonly discovery: Endpoint;
  readonly jwks: Endpoint;
  readonly webfinger: Endpoint;
  readonly authorize: Endpoint;
  readonly callback: Endpoint;
  readonly logout: Endpoint;
  readonly token: Endpoint;
  readonly userinfo: Endpoint;
  readonly introspect: Endpoint;
  readonly revoke: Endpoint;
}
  readonly introspect: Endpoint;
  readonly revoke: Endpoint;
  readonly ciba: Endpoint;
}
  readonly device: Endpoint;

/** A place where a subject, or something else that identifies a user, could leave. */
interface Exit {
  /** What may leave there, and as what. */
  readonly rule: string;
  /** The test that fails when the rule is taken out. */
  readonly proof: string;
}

const LOGIN = 'test/leaks/logins.test.ts';
const ERRORS = 'test/leaks/errors.test.ts';
const ELSEWHERE = 'test/leaks/elsewhere.test.ts';
const BROWSER = 'test/leaks/browser.test.ts';
const LOGS = 'test/leaks/logs.test.ts';
const TOKENS = 'test/leaks/introspection.test.ts';
const LOGOUT = 'test/leaks/logout.test.ts';

/**
 * Every exit (design section 5): its rule and its proof. Each rule is taken out
 * in turn by `npm run test:exits`, which must then see its proof fail.
 */
export const EXITS = {
  'id-token-subject': { rule: '`sub` is the resolved subject, never the upstream’s', proof: LOGIN },
  'id-token-claims': { rule: 'only claims that the release policy lets through', proof: LOGIN },
  'id-token-values': {
    rule: 'a released value that contains the local subject is held back',
    proof: LOGIN,
  },
  'claims-by-scope': {
    rule: 'a scope releases none of its claims that name a user or tell a time',
    proof: 'test/leaks/release-policy.test.ts',
  },
  'aggregated-claims': {
    rule: 'aggregated and distributed claims are dropped',
    proof: 'test/leaks/release-policy.test.ts',
  },
  'relay-email': {
    rule: 'the e-mail address of a relay domain is the pseudonym’s',
    proof: 'test/leaks/release-policy.test.ts',
  },
  'id-token-issuer': { rule: '`iss` is ours', proof: LOGIN },
  'id-token-audience': { rule: '`aud` is the vendor’s own client id', proof: LOGIN },
  'id-token-hash': { rule: '`at_hash` is that of the token that the vendor gets', proof: LOGIN },
  'id-token-auth-time': { rule: '`auth_time` leaves only where it was asked for', proof: LOGIN },
  'id-token-auth-time-offset': {
    rule: '`auth_time` is moved by an offset per sector',
    proof: LOGIN,
  },
  'id-token-expiry': { rule: '`exp` is ours, in whole minutes, not the upstream’s', proof: LOGIN },
  'id-token-sid': { rule: '`sid` is keyed per sector', proof: LOGIN },
  'access-token': { rule: 'sealed', proof: LOGIN },
  'refresh-token': { rule: 'sealed', proof: LOGIN },
  code: { rule: 'sealed', proof: LOGIN },
  'token-response-members': { rule: 'known members only', proof: LOGIN },
  'token-response-scope': { rule: 'no more than was asked for', proof: LOGIN },
  'userinfo-subject': { rule: '`sub` as in the ID token', proof: LOGIN },
  'userinfo-claims': { rule: 'only claims that the release policy lets through', proof: LOGIN },
  'userinfo-user': { rule: 'an answer about another user is refused', proof: ERRORS },
  'authorization-response-issuer': { rule: '`iss` is ours (RFC 9207)', proof: LOGIN },
  'authorization-response-members': { rule: 'known members only', proof: LOGIN },
  'authorization-error': {
    rule: 'a standard code, nothing of the upstream’s words',
    proof: ERRORS,
  },
  'token-error': { rule: 'a standard code, nothing of the upstream’s words', proof: ERRORS },
  'response-headers': { rule: 'ours only at back-channel endpoints', proof: LOGIN },
  'logout-request': {
    rule: '`state` is our sealed logout, and no token goes along',
    proof: LOGOUT,
  },
  'logout-response': {
    rule: 'goes to the registered address with the vendor’s own `state` alone',
    proof: LOGOUT,
  },
  'relay-logout-hint': {
    rule: 'the upstream’s ID token is added on the way upstream, and an answer that repeats it is blocked',
    proof: LOGOUT,
  },
  'introspection-caller': {
    rule: 'only the token’s client and resource servers in its audience learn anything',
    proof: TOKENS,
  },
  'introspection-vendor': {
    rule: 'a resource server of another vendor learns nothing, unless an operator lets it',
    proof: TOKENS,
  },
  'introspection-subject': { rule: '`sub` is that of the caller’s sector, or none', proof: TOKENS },
  'introspection-members': { rule: 'nothing of the upstream’s answer leaves', proof: TOKENS },
  'introspection-expiry': { rule: '`exp` is ours, never the upstream’s instant', proof: TOKENS },
  'revocation-owner': { rule: 'somebody else’s token is not revoked', proof: TOKENS },
  'revocation-shared': {
    rule: 'a shared upstream client’s tokens are ended here alone',
    proof: TOKENS,
  },
  discovery: { rule: 'addresses and capabilities of ours only', proof: LOGIN },
  webfinger: {
    rule: 'our issuer for every resource alike',
    proof: 'test/leaks/webfinger.test.ts',
  },
  'relay-authorization-response': {
    rule: 'an authorization response leaves only opened and sealed anew',
    proof: BROWSER,
  },
  'relay-authorization-request': {
    rule: 'the authorize address answers only our own sealed transaction',
    proof: BROWSER,
  },
  'relay-browser-binding': {
    rule: 'a response goes only to the browser that began the login',
    proof: BROWSER,
  },
  'relay-back-channel': {
    rule: 'the upstream’s back-channel endpoints are closed',
    proof: BROWSER,
  },
  'relay-credentials': {
    rule: 'a request with an Authorization header is refused',
    proof: BROWSER,
  },
  'relay-foreign-redirect': { rule: 'redirects to foreign origins are blocked', proof: BROWSER },
  'relay-addresses': { rule: 'the upstream’s address is rewritten in pages', proof: BROWSER },
  'relay-headers': { rule: 'an allow-list of headers; no CORS of the upstream’s', proof: BROWSER },
  'relay-referrer': { rule: 'pages send no referrer', proof: BROWSER },
  logs: { rule: 'no token, and no local subject beside its pseudonym', proof: LOGS },
} as const satisfies Record<string, Exit>;

/** The name of an exit. */
export type ExitName = keyof typeof EXITS;

/** Which exits each endpoint has; an endpoint without a row does not compile. */
export const EXITS_OF: Readonly<Record<keyof Endpoints, readonly [ExitName, ...ExitName[]]>> = {
  discovery: ['discovery'],
  jwks: ['discovery'],
  webfinger: ['webfinger'],
  authorize: [
    'code',
    'authorization-response-issuer',
    'authorization-response-members',
    'authorization-error',
  'device-code': { rule: 'sealed', proof: ELSEWHERE },
  'verification-uri': { rule: 'a page of ours', proof: ELSEWHERE },
  'auth-req-id': { rule: 'sealed', proof: ELSEWHERE },
  'backchannel-hint': {
    rule: 'names only whom this client was given; all others are one `unknown_user_id`',
    proof: 'test/attacks/elsewhere.test.ts',
  },
  'exchanged-token': { rule: 'sealed', proof: ELSEWHERE },
  'exchanged-token-user': {
    rule: 'is about the user of the subject token',
    proof: 'test/attacks/elsewhere.test.ts',
  },
  'user-code': { rule: 'a code of ours', proof: ELSEWHERE },
  ],
  callback: [
    'code',
    'authorization-response-issuer',
    'authorization-response-members',
    'authorization-error',
    'id-token-subject',
    'access-token',
    'logout-response',
  ],
  logout: ['logout-request', 'logout-response', 'relay-logout-hint'],
  token: [
    'id-token-subject',
    'id-token-claims',
    'id-token-values',
    'claims-by-scope',
    'aggregated-claims',
    'relay-email',
    'id-token-issuer',
    'id-token-audience',
    'id-token-hash',
    'id-token-auth-time',
    'id-token-auth-time-offset',
    'id-token-expiry',
    'id-token-sid',
    'access-token',
    'refresh-token',
    'token-response-members',
    'token-response-scope',
    'token-error',
    'response-headers',
  ],
  introspect: [
    'introspection-caller',
    'introspection-vendor',
    'introspection-subject',
    'introspection-members',
    'introspection-expiry',
    'response-headers',
  ],
  revoke: ['revocation-owner', 'revocation-shared', 'response-headers'],
  userinfo: [
    'userinfo-subject',
    'userinfo-claims',
    'claims-by-scope',
    'aggregated-claims',
    'relay-email',
    'userinfo-user',
    'response-headers',
  ],
};
    'exchanged-token',
    'exchanged-token-user',
  ciba: ['auth-req-id', 'backchannel-hint', 'response-headers'],
  device: ['device-code', 'verification-uri', 'user-code', 'response-headers'],
