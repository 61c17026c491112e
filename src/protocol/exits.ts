import type { Endpoint } from './message.ts';

/** Self-service for users; there is none without a client of our own at the upstream. */
export interface AccountEndpoints {
  readonly account: Endpoint;
  readonly accountLogin: Endpoint;
  readonly accountCallback: Endpoint;
  readonly accountDisconnect: Endpoint;
  readonly accountDownload: Endpoint;
  readonly accountLogout: Endpoint;
  readonly accountStyle: Endpoint;
}

/** The endpoints of the public side. */
export interface Endpoints extends Partial<AccountEndpoints> {
  readonly discovery: Endpoint;
  readonly jwks: Endpoint;
  readonly webfinger: Endpoint;
  readonly authorize: Endpoint;
  readonly par: Endpoint;
  readonly callback: Endpoint;
  readonly notice: Endpoint;
  readonly logout: Endpoint;
  readonly backchannelLogout: Endpoint;
  readonly frontchannelLogout: Endpoint;
  readonly token: Endpoint;
  readonly userinfo: Endpoint;
  readonly introspect: Endpoint;
  readonly revoke: Endpoint;
  readonly device: Endpoint;
  readonly ciba: Endpoint;
  readonly events: Endpoint;
  readonly register: Endpoint;
  readonly registration: Endpoint;
  readonly mapping: Endpoint;
  readonly internalApi: Endpoint;
}

/** A place where a subject, or something else that identifies a user, could leave. */
interface Exit {
  /** What may leave there, and as what. */
  readonly rule: string;
  /** The test that fails when the rule is taken out. */
  readonly proof: string;
}

const LOGIN = 'test/leaks/logins.test.ts';
const ERRORS = 'test/leaks/errors.test.ts';
const PUSHED = 'test/leaks/pushed-requests.test.ts';
const JWTS = 'test/leaks/tokens.test.ts';
const BROWSER = 'test/leaks/browser.test.ts';
const ELSEWHERE = 'test/leaks/elsewhere.test.ts';
const MODES = 'test/leaks/response-modes.test.ts';
const HINTS = 'test/attacks/hints.test.ts';
const LOGS = 'test/leaks/logs.test.ts';
const APIS = 'test/leaks/internal-apis.test.ts';
const NOTICE = 'test/leaks/notice.test.ts';
const TOKENS = 'test/leaks/introspection.test.ts';
const LOGOUT = 'test/leaks/logout.test.ts';
const MAPPING = 'test/leaks/mapping.test.ts';
const REGISTRATION = 'test/leaks/registration.test.ts';
const EVENTS = 'test/leaks/events.test.ts';
const ACCOUNT = 'test/leaks/account.test.ts';

/**
 * Every exit (design section 5): its rule and its proof. Each rule is taken out
 * in turn by `npm run test:exits`, which must then see its proof fail.
 */
export const EXITS = {
  'id-token-subject': { rule: '`sub` is the resolved subject, never the upstream’s', proof: LOGIN },
  'linked-subject': {
    rule: '`sub` is one that other vendors know only where the operator linked their sectors',
    proof: 'test/leaks/linked-sectors.test.ts',
  },
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
  'access-token-jwt-subject': { rule: '`sub` as in the ID token', proof: JWTS },
  'access-token-jwt-claims': {
    rule: 'of the authentication only what the release policy lets through',
    proof: JWTS,
  },
  'access-token-jwt-seal': { rule: 'carries the upstream’s token only sealed', proof: JWTS },
  'client-token-subject': { rule: '`sub` is the client id that the vendor knows', proof: JWTS },
  'client-token-userinfo': { rule: 'a token without a user opens no userinfo', proof: JWTS },
  'refresh-token': { rule: 'sealed', proof: LOGIN },
  'dpop-nonce': { rule: 'keyed per client', proof: 'test/leaks/dpop.test.ts' },
  code: { rule: 'sealed', proof: LOGIN },
  'token-response-members': { rule: 'known members only', proof: LOGIN },
  'token-response-scope': { rule: 'no more than was asked for', proof: LOGIN },
  'id-token-encryption': {
    rule: 'encrypted to the client’s key where it registered that',
    proof: JWTS,
  },
  'userinfo-jwt': { rule: '`aud` is the vendor’s own client id', proof: JWTS },
  'userinfo-subject': { rule: '`sub` as in the ID token', proof: LOGIN },
  'userinfo-claims': { rule: 'only claims that the release policy lets through', proof: LOGIN },
  'userinfo-user': { rule: 'an answer about another user is refused', proof: ERRORS },
  'authorization-response-issuer': { rule: '`iss` is ours (RFC 9207)', proof: LOGIN },
  'authorization-response-members': { rule: 'known members only', proof: LOGIN },
  'authorization-error': {
    rule: 'a standard code, nothing of the upstream’s words',
    proof: ERRORS,
  },
  'pushed-request': { rule: 'opens for the client that pushed it, and once', proof: PUSHED },
  'pushed-request-members': { rule: 'a random reference and its lifetime only', proof: PUSHED },
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
  'logout-token-subject': { rule: '`sub` is the one that the grant released', proof: LOGOUT },
  'logout-token-sid': { rule: '`sid` is keyed per sector', proof: LOGOUT },
  'logout-token-issuer': { rule: '`iss` is ours', proof: LOGOUT },
  'logout-token-audience': { rule: 'only clients that had the session', proof: LOGOUT },
  'frontchannel-logout': { rule: '`iss` and `sid` are ours', proof: LOGOUT },
  'relay-frontchannel-logout': {
    rule: 'a vendor’s frame in a relayed page gets our `iss` and `sid`',
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
  'callback-code': { rule: 'sealed', proof: MODES },
  'callback-early-code': { rule: 'a random reference', proof: MODES },
  'callback-access-token': { rule: 'sealed', proof: MODES },
  'callback-members': { rule: 'known members only', proof: MODES },
  'callback-issuer': { rule: '`iss` is ours (RFC 9207)', proof: MODES },
  'callback-error': { rule: 'a standard code, nothing of the upstream’s words', proof: MODES },
  'callback-browser-binding': {
    rule: 'an answer goes only to the browser that began the login',
    proof: MODES,
  },
  'jarm-audience': { rule: '`aud` is the vendor’s own client id', proof: MODES },
  'id-token-code-hash': {
    rule: '`c_hash` is that of the code that the vendor gets',
    proof: MODES,
  },
  'id-token-state-hash': {
    rule: '`s_hash` is that of the state that the vendor sent',
    proof: MODES,
  },
  'notice-first': {
    rule: 'nothing is released before the person has gone on',
    proof: NOTICE,
  },
  'notice-page': { rule: 'names of claims, and a random reference', proof: NOTICE },
  'notice-browser-binding': {
    rule: 'is shown to, and answered by, the browser that began the login',
    proof: NOTICE,
  },
  'notice-members': { rule: 'known members only', proof: NOTICE },
  'hint-answer': { rule: 'another user than hinted at is `login_required`', proof: HINTS },
  'hint-subject': { rule: 'names only whom the client was given', proof: HINTS },
  'hint-forwarding': { rule: 'a subject is never forwarded', proof: 'test/flows/hints.test.ts' },
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
  'internal-api-client': {
    rule: 'an access token is exchanged only for clients and APIs that an operator named',
    proof: APIS,
  },
  'internal-api-audience': {
    rule: 'a JWT is exchanged only at an API that it names',
    proof: APIS,
  },
  'internal-api-address': {
    rule: 'the upstream’s token goes to the API alone, whatever the path',
    proof: APIS,
  },
  'internal-api-redirect': { rule: 'a redirect is neither followed nor passed on', proof: APIS },
  'internal-api-headers': {
    rule: 'of its headers only the type of the body and when to come back',
    proof: APIS,
  },
  'internal-api-token': { rule: 'an answer that repeats the token is refused', proof: APIS },
  'registration-members': {
    rule: 'what the vendor may say of its client and credentials of ours; nothing of the upstream’s answer',
    proof: REGISTRATION,
  },
  'registration-address': { rule: '`registration_client_uri` is ours', proof: REGISTRATION },
  'registration-error': {
    rule: 'rules and what the vendor sent; nothing of the upstream’s words, no other vendor',
    proof: REGISTRATION,
  },
  'registration-upstream': {
    rule: 'the upstream is told of no subject type, key or secret of the vendor’s',
    proof: REGISTRATION,
  },
  'mapping-users': {
    rule: 'a new subject only for an old one that this vendor was given',
    proof: MAPPING,
  },
  'mapping-token': { rule: 'answers with subjects of the token’s own client', proof: MAPPING },
  'former-subject': {
    rule: 'the original subject leaves in the claim that an operator named, until the end date',
    proof: MAPPING,
  },
  'account-page': {
    rule: 'names of vendors and claims; no subject, and no value of the user’s',
    proof: ACCOUNT,
  },
  'account-session': { rule: 'a random reference in the browser', proof: ACCOUNT },
  'account-user': { rule: 'only the user who has logged in', proof: ACCOUNT },
  'account-login': { rule: 'ends in the browser that began it', proof: ACCOUNT },
  'account-fresh': { rule: 'opens only to an authentication of just now', proof: ACCOUNT },
  'account-form': { rule: 'acts only on a form of the session’s own page', proof: ACCOUNT },
  'event-subject': {
    rule: 'names the subject that this client was given, and the one that took its place',
    proof: EVENTS,
  },
  'event-user': {
    rule: 'is about nobody whom this client was never given',
    proof: EVENTS,
  },
  'event-sector': { rule: 'is about the client’s own sector alone', proof: EVENTS },
  'event-audience': { rule: '`aud` is the vendor’s own client id', proof: EVENTS },
  'event-id': { rule: '`jti` is another one for each client', proof: EVENTS },
  'event-phase': { rule: 'nothing for a client without pseudonyms', proof: EVENTS },
  'event-grace': { rule: 'nothing of a change whose grace is over', proof: EVENTS },
  'event-address': {
    rule: 'goes to the address that the vendor registered, where that is public',
    proof: 'test/attacks/events.test.ts',
  },
  metrics: {
    rule: 'no label carries a user, a subject or a token',
    proof: 'test/leaks/metrics.test.ts',
  },
  traces: {
    rule: 'a span says what the allow-list names, and no address, subject or token',
    proof: 'test/leaks/traces.test.ts',
  },
  logs: { rule: 'no token, and no local subject beside its pseudonym', proof: LOGS },
} as const satisfies Record<string, Exit>;

/** The name of an exit. */
export type ExitName = keyof typeof EXITS;
