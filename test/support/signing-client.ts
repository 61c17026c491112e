import { randomUUID } from 'node:crypto';

import type { CryptoKey, JWK } from 'jose';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A key pair of a vendor. */
export interface VendorKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As the vendor registers or publishes it. */
  readonly jwk: JWK;
}

/** A new key pair. */
export async function newVendorKey(alg: string, kid = `key-${alg}`): Promise<VendorKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg } };
}

type Members = Readonly<Record<string, unknown>>;

/** What a JWT is signed with: a vendor's key, or anything else for a header of one's own. */
export interface Signing {
  readonly key: VendorKey['privateKey'] | Uint8Array;
  readonly header: Members & { readonly alg: string };
}

/** The usual way to sign with a key. */
export function signingWith({ alg, kid, privateKey }: VendorKey, header: Members = {}): Signing {
  return { key: privateKey, header: { alg, kid, ...header } };
}

/** A JWT of these claims; a member that is undefined stays out. */
export function signedJwt(claims: Members, { key, header }: Signing): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ ...header }).sign(key);
}

/** The claims of a client assertion as they should be (RFC 7523 3), with changes. */
export function assertionClaims(clientId: string, audience: string, changes: Members = {}) {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...{ iss: clientId, sub: clientId, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 },
    ...changes,
  };
}

/** The form members that carry an assertion (RFC 7523 2.2). */
export function assertionForm(assertion: string): Record<string, string> {
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  };
}
