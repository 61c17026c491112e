import { CIBA, DEVICE_CODE, TOKEN_EXCHANGE } from '../../support/elsewhere.ts';
import { ACCESS_TOKEN } from '../../support/elsewhere.ts';
import type { VendorRecord } from '../../support/recorder.ts';
import { valuesIn } from '../../support/decode.ts';
import { strangersRecord } from '../public-values.ts';
import type { RecordedParty } from './recorded-party.ts';
import { fail } from './visit.ts';

const NONE = 'nothing-of-anybody';
const MEDIA_TYPE = 'application/token-introspection+jwt';

/** Fixed texts in answers to what succeeds, or fails at the upstream. */
const FIXED = [
  ...[MEDIA_TYPE, 'token-introspection+jwt', 'application/jwt', 'logout+jwt'],
  ...['RSA-OAEP-256', 'A128CBC-HS256', 'reports', 'openid profile', 'openid profile email'],
  ...[ACCESS_TOKEN, 'http://schemas.openid.net/event/backchannel-logout'],
  ...['Bad Gateway', 'server_error', 'access_denied', 'frontchannel-logout', 'logged-out'],
  'The identity provider gave an answer that could not be used.',
  ...['Forbidden', 'Not Found', 'The API gave an answer that is not passed on.'],
  'The client may not use this API with this token.',
  'The identity provider does not accept a client with this metadata.',
  ...['invalid_client_metadata', 'openid profile email address phone offline_access'],
  'registered',
];

/** Every value that a vendor receives at which nobody ever logs in: it says nothing of a user. */
export async function strangersValues(party: RecordedParty): Promise<ReadonlySet<string>> {
  for (const response_mode of ['query', 'query.jwt']) await fail(party, { response_mode }, NONE);
  await party.get('/.well-known/openid-configuration');
  await party.get('/.well-known/webfinger?resource=acct:nobody@crew.example');
  for (const form of [
    { grant_type: 'refresh_token', refresh_token: NONE },
    { grant_type: DEVICE_CODE, device_code: NONE },
    { grant_type: CIBA, auth_req_id: NONE },
    { grant_type: TOKEN_EXCHANGE, subject_token: NONE, subject_token_type: ACCESS_TOKEN },
  ]) {
    await party.token(form);
    await party.token(form, { dpop: NONE });
  }
  await party.post('/oidc/ciba', { scope: 'openid', login_hint: NONE });
  await party.post('/oidc/par', party.request({}));
  for (const accept of ['application/json', MEDIA_TYPE]) {
    await party.post('/oidc/introspect', { token: NONE }, { ...party.credentials, accept });
  }
  await party.post('/oidc/revoke', { token: NONE });
  const { issuer } = party.place;
  const { keys } = (await party.get('/oidc/jwks')).members as {
    keys: readonly { readonly kid: string; readonly alg: string }[];
  };
  const headers = keys.flatMap(({ alg, kid }) =>
    ['at+jwt', 'token-introspection+jwt', 'logout+jwt'].map((typ) =>
      JSON.stringify({ alg, typ, kid }),
    ),
  );
  headers.push(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', cty: 'JWT' }));
  return new Set([
    ...(await strangersRecord(issuer)),
    ...valuesOf(party.record),
    ...headers,
    ...headers.map((header) => Buffer.from(header).toString('base64url')),
    ...FIXED.flatMap((text) => [...valuesIn(text)]),
  ]);
}

function valuesOf({ received }: VendorRecord): readonly string[] {
  return received.flatMap(({ text }) => [...valuesIn(text)]);
}
