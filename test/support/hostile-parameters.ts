import fc from 'fast-check';

import { vendorByHand } from './by-hand.ts';
import { INJECTED } from './fuzz.ts';
import type { World } from './world.ts';

/** A request with nothing wrong in its bytes. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

const NAMES = [
  ...['client_id', 'client_secret', 'client_assertion', 'client_assertion_type', 'grant_type'],
  ...[
    'code',
    'code_verifier',
    'redirect_uri',
    'refresh_token',
    'scope',
    'state',
    'nonce',
    'prompt',
  ],
  ...[
    'response_type',
    'response_mode',
    'request',
    'request_uri',
    'claims',
    'max_age',
    'acr_values',
  ],
  ...[
    'id_token_hint',
    'login_hint',
    'ui_locales',
    'display',
    'code_challenge',
    'resource',
    'audience',
  ],
  ...['code_challenge_method', 'dpop_jkt', 'token', 'token_type_hint', 'access_token', 'user_code'],
  ...['subject_token', 'subject_token_type', 'requested_token_type', 'logout_token', 'sid', 'iss'],
  ...['post_logout_redirect_uri', 'logout_hint', 'notice', 'answer', 'vendor', 'error', 'rel'],
  ...['error_description', 'binding_message', 'requested_expiry', '__proto__', 'constructor', ''],
];

/** What our addresses are asked with, as a rule. */
const ASKED = [
  ...['GET /oidc/authorize', 'POST /oidc/authorize', 'POST /oidc/token', 'GET /oidc/userinfo'],
  ...['POST /oidc/userinfo', 'POST /oidc/par', 'POST /oidc/introspect', 'POST /oidc/revoke'],
  ...['POST /oidc/ciba', 'POST /oidc/device', 'GET /oidc/device', 'GET /oidc/callback'],
  ...['GET /oidc/notice', 'POST /oidc/notice', 'GET /oidc/logout', 'POST /oidc/logout'],
  ...['POST /oidc/backchannel-logout', 'GET /oidc/frontchannel-logout', 'POST /oidc/register'],
  ...['PUT /oidc/register/acme-web', 'POST /oidc/mapping', 'POST /oidc/events', 'GET /account'],
  ...['GET /oidc/api/orders/x', 'GET /account/callback', 'POST /account/disconnect'],
  ...['GET /account/login', 'GET /.well-known/webfinger', 'GET /.well-known/openid-configuration'],
].map((each) => each.split(' ') as [string, string]);

/** Requests to our own addresses with parameters and headers that mean nothing good. */
export function hostileParameters(world: World): fc.Arbitrary<HostileRequest> {
  const { issuer } = world.proxy;
  const acme = vendorByHand(world, 'acme');
  const { url } = acme.request();
  const good = fc.constantFrom(...url.searchParams.values(), 'openid', 'code', 'refresh_token');
  const json = fc.json({ maxDepth: 6 });
  const segment = fc.oneof(
    json.map((text) => Buffer.from(text).toString('base64url')),
    fc.base64String({ maxLength: 40 }).map((text) => text.replaceAll('=', '')),
  );
  const jwt = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'));
  const injection = fc.constantFrom(
    ...[
      `a\r\n${INJECTED}: 1`,
      `a\n${INJECTED}: 1`,
      `\u560d\u560a${INJECTED}: 1`,
      'a\0b',
      '"><script>',
    ],
    ...[
      '//attacker.example',
      'https://attacker.example@localhost/',
      'javascript:alert(1)',
      '\\\\a',
    ],
    ...['{"__proto__":{"sub":"x"}}', '['.repeat(20_000), '{"a":'.repeat(5000), '9'.repeat(400)],
  );
  const value = fc.oneof(
    { weight: 4, arbitrary: good },
    fc.string({ unit: 'binary', maxLength: 60 }),
    json,
    jwt,
    injection,
    fc.integer().map(String),
    fc.nat({ max: 9000 }).map((length) => 'x'.repeat(length)),
  );
  const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, fc.string());
  const some = fc.array(fc.tuple(name, value), { maxLength: 8 });
  const asked = fc.oneof(
    some,
    // A request that was good, with some of it exchanged.
    some.map((changes) => [...new Map([...url.searchParams, ...changes])]),
  );
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 });
  const token = fc.oneof(jwt, ascii).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '~'));
  const authorization = fc.oneof(
    fc.constant(acme.basic),
    fc
      .tuple(fc.constantFrom('Bearer ', 'Basic ', 'DPoP ', 'basic  '), token)
      .map((each) => each.join('')),
    ascii.map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
  );
  const headers = fc.record(
    {
      authorization,
      dpop: token,
      cookie: token.map((text) => `pairwise-browser=${text}; ${text}=a`),
      origin: fc.constantFrom('null', 'https://attacker.example', issuer),
      'x-forwarded-host': token,
      'x-request-id': token,
      traceparent: token,
      accept: token,
    },
    { requiredKeys: [] },
  );
  const type = fc.constantFrom(
    ...['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data; boundary=x'],
    ...['application/x-www-form-urlencoded; charset=utf-16', 'text/plain', '', ',', ';=;'],
  );
  const encode = (parameters: readonly (readonly [string, string])[]): string =>
    new URLSearchParams(parameters.map(([key, text]): [string, string] => [key, text])).toString();
  const body = fc.oneof(
    { weight: 3, arbitrary: asked.map(encode) },
    json,
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS');
  const usual = { weight: 15, arbitrary: fc.constant(undefined) };
  return fc
    .record({
      ...{ place: fc.constantFrom(...ASKED), asked, headers, body },
      method: fc.oneof(usual, { weight: 1, arbitrary: method }),
      type: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, type),
    })
    .map((drawn) => {
      const [usually, path] = drawn.place;
      const asks = drawn.method ?? usually;
      const sends = asks === 'POST' || asks === 'PUT';
      const query = encode(sends ? [] : drawn.asked).slice(0, 12_000);
      const form = drawn.type === undefined;
      const contentType = drawn.type ?? 'application/x-www-form-urlencoded';
      return {
        ...{ method: asks, path: query === '' ? path : `${path}?${query}` },
        headers: { ...drawn.headers, ...(sends ? { 'content-type': contentType } : {}) },
        body: sends ? (form ? encode(drawn.asked) : drawn.body) : undefined,
      };
    });
}
