import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { encoded } from '../../support/hand-made-jws.ts';
import { LOCAL_SUBJECTS, SCOPE } from './users.ts';

/** The client that the upstream knows; all of ours stand behind it. */
export const UPSTREAM_CLIENT = { id: 'legacy-client', secret: 'secret-at-the-upstream-0123456789' };

/** Path of a login page, 8 KiB of it. */
export const PAGE = '/login/form';

const KID = 'stub';
/** Seconds; longer than any benchmark. */
const LIFETIME = 7200;
const AT_ONCE = 64;
const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);

/** The upstream's token of a kind for a user: what requests present to it. */
export function upstreamToken(kind: 'access' | 'refresh' | 'code', user: number): string {
  // As long as the opaque tokens of real providers.
  return `${kind}-${user}-`.padEnd(300, 'x');
}

/**
 * Writes all answers of the stub upstream: for each user a refreshed token response, one for a
 * code with a nonce of ours, and userinfo; every ID token signed (RS256) now.
 *
 * @param nonceOf the nonce of the login to which a user's code belongs
 */
export async function writeUpstreamAnswers(
  file: string,
  issuer: string,
  nonceOf: (user: number) => string,
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const iat = Math.floor(Date.now() / 1000);
  const idToken = async (user: number, more: object): Promise<string> => {
    const claims = {
      ...{ iss: issuer, sub: LOCAL_SUBJECTS[user], aud: UPSTREAM_CLIENT.id, iat },
      ...{ exp: iat + LIFETIME, auth_time: iat, sid: `session-${user}`, name: 'Pat Person' },
      ...{ email: LOCAL_SUBJECTS[user], locale: 'en', ...more },
    };
    const data = `${encoded({ alg: 'RS256', kid: KID, typ: 'JWT' })}.${encoded(claims)}`;
    const signature = await signAsync('sha256', Buffer.from(data), privateKey);
    return `${data}.${signature.toString('base64url')}`;
  };
  const tokens = async (user: number, more: object): Promise<object> => ({
    ...{ access_token: upstreamToken('access', user), token_type: 'Bearer', expires_in: LIFETIME },
    ...{ refresh_token: upstreamToken('refresh', user), id_token: await idToken(user, more) },
    scope: SCOPE,
  });
  const linesOf = async (_subject: string, user: number): Promise<string[]> => {
    const profile = { sub: LOCAL_SUBJECTS[user], name: 'Pat Person', email: LOCAL_SUBJECTS[user] };
    return [
      line(upstreamToken('refresh', user), await tokens(user, {})),
      line(upstreamToken('code', user), await tokens(user, { nonce: nonceOf(user) })),
      line(upstreamToken('access', user), { ...profile, locale: 'en', picture: 'p'.repeat(80) }),
    ];
  };
  const key = { ...publicKey.export({ format: 'jwk' }), kid: KID, alg: 'RS256', use: 'sig' };
  const lines = [
    line('/.well-known/openid-configuration', metadata(issuer)),
    line('/jwks', { keys: [key] }),
    JSON.stringify([PAGE, loginPage(), 'text/html; charset=utf-8']),
  ];
  for (let from = 0; from < LOCAL_SUBJECTS.length; from += AT_ONCE) {
    const batch = LOCAL_SUBJECTS.slice(from, from + AT_ONCE);
    lines.push(...(await Promise.all(batch.map((each, n) => linesOf(each, from + n)))).flat());
  }
  await writeFile(file, lines.join('\n'));
}

function line(key: string, body: object): string {
  return JSON.stringify([key, JSON.stringify(body)]);
}

function metadata(issuer: string): object {
  return {
    ...{ issuer, authorization_endpoint: `${issuer}/authorize`, jwks_uri: `${issuer}/jwks` },
    ...{ token_endpoint: `${issuer}/token`, userinfo_endpoint: `${issuer}/userinfo` },
    ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
    ...{ id_token_signing_alg_values_supported: ['RS256'] },
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    scopes_supported: SCOPE.split(' '),
  };
}

function loginPage(): string {
  const field = (n: number): string =>
    `<p class="row"><label for="field-${n}">Question ${n}</label>` +
    `<input id="field-${n}" name="field-${n}" type="text" autocomplete="off"></p>\n`;
  const fields = Array.from({ length: 60 }, (_each, n) => field(n)).join('');
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in</title>` +
    `<link rel="stylesheet" href="/login/style.css"></head><body><h1>Log in</h1>\n` +
    `<form method="post" action="/login/form">\n${fields}<button>Log in</button></form>` +
    `<script src="/login/form.js"></script></body></html>\n`
  ).padEnd(8192, '\n');
}
