import { createHmac, createPublicKey } from 'node:crypto';

import { SignJWT, decodeJwt, decodeProtectedHeader, exportSPKI, importJWK } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';

import { newLegacyKey } from '../../../demo/legacy-idp/signing-keys.ts';
import { jsonIn, withJson } from './answer.ts';
import { altered, withMembers } from './faults.ts';
import type { Fault } from './faults.ts';

type Forge = (idToken: string) => string | Promise<string>;

/** A token response with a forged ID token in it. */
export function forgedIdToken(forge: Forge): Fault {
  return altered(async (answer) => {
    const members = jsonIn(answer);
    const idToken = members['id_token'];
    if (typeof idToken !== 'string') return answer;
    return withJson(answer, { ...members, id_token: await forge(idToken) });
  });
}

/** A token response without an ID token. */
export function withoutIdToken(): Fault {
  return withMembers({ id_token: undefined });
}

/** Changed claims under the upstream's real signature; `undefined` takes a claim out. */
export function withClaims(
  key: JWK,
  change: (claims: JWTPayload) => Record<string, unknown>,
): Forge {
  return (idToken) => {
    const { kid } = decodeProtectedHeader(idToken);
    const claims = decodeJwt(idToken);
    return sign({ ...claims, ...change(claims) }, key, 'RS256', kid);
  };
}

/** The same claims and the upstream's key id, signed by a key that is not the upstream's. */
export function signedByAnotherKey(): Forge {
  return async (idToken) => {
    const { kid } = decodeProtectedHeader(idToken);
    return sign({ ...decodeJwt(idToken) }, await newLegacyKey(), 'RS256', kid);
  };
}

/** Signed by a key that nobody published, under a key id that nobody knows. */
export function signedByUnknownKey(): Forge {
  return async (idToken) =>
    sign({ ...decodeJwt(idToken) }, await newLegacyKey(), 'RS256', 'nobody');
}

/** `alg: none`, with an empty signature (RFC 8725 2.1). */
export function unsigned(): Forge {
  return (idToken) => `${part({ alg: 'none', typ: 'JWT' })}.${idToken.split('.')[1] ?? ''}.`;
}

/** HS256 keyed with the public key, so that a careless verifier accepts it (RFC 8725 2.1). */
export function hs256WithPublicKey(key: JWK, form: 'pem' | 'jwk'): Forge {
  return async (idToken) => {
    const publicJwk = publicOf(key);
    const secret =
      form === 'jwk'
        ? JSON.stringify(publicJwk)
        : await exportSPKI((await importJWK(publicJwk, 'RS256')) as CryptoKey);
    const header = part({ alg: 'HS256', kid: key.kid });
    const signed = `${header}.${idToken.split('.')[1] ?? ''}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  };
}

/** One changed bit in the signature. */
export function bitFlipped(): Forge {
  return (idToken) => {
    const [header = '', payload = '', signature = ''] = idToken.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    return `${header}.${payload}.${bytes.toString('base64url')}`;
  };
}

/** The public half of a private JWK. */
function publicOf(key: JWK): JWK {
  const { kid } = key;
  const exported = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' });
  return { ...exported, ...(kid === undefined ? {} : { kid }), alg: 'RS256', use: 'sig' };
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function sign(
  claims: Record<string, unknown>,
  key: JWK,
  alg: string,
  kid: string | undefined,
): Promise<string> {
  const kept = Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(kept)
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign({ ...key, alg });
}
