import { createHash, randomBytes } from 'node:crypto';

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';

import type { Answer, Changes, VendorByHand } from './by-hand.ts';
import { ask } from './by-hand.ts';

/** What a proof is to say beside the usual, `undefined` to leave a member out. */
export interface ProofChanges {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A vendor's DPoP key, with which a test writes proofs by hand, also wrong ones. */
export class DpopKey {
  readonly #keys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };
  readonly #alg: string;
  readonly publicJwk: JWK;
  readonly jkt: string;

  private constructor(
    keys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey },
    alg: string,
    publicJwk: JWK,
    jkt: string,
  ) {
    this.#keys = keys;
    this.#alg = alg;
    this.publicJwk = publicJwk;
    this.jkt = jkt;
  }

  static async generate(alg = 'ES256'): Promise<DpopKey> {
    const keys = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(keys.publicKey);
    return new DpopKey(keys, alg, jwk, await calculateJwkThumbprint(jwk));
  }

  /** The whole key, as it must never stand in a proof. */
  privateJwk(): Promise<JWK> {
    return exportJWK(this.#keys.privateKey);
  }

  /** A proof for one request (RFC 9449 4.2). */
  proof(
    method: string,
    htu: string,
    { header, claims }: ProofChanges = {},
    accessToken?: string,
  ): Promise<string> {
    const all = { typ: 'dpop+jwt', alg: this.#alg, jwk: this.publicJwk, ...header };
    const payload = {
      ...{ jti: randomBytes(16).toString('base64url'), htm: method, htu },
      iat: Math.floor(Date.now() / 1000),
      ...(accessToken === undefined ? {} : { ath: athOf(accessToken) }),
      ...claims,
    };
    return new SignJWT(payload).setProtectedHeader(all).sign(this.#keys.privateKey);
  }
}

/** RFC 9449 4.2: the hash of an access token. */
export function athOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url');
}

/** A token request with these proofs, each in a `DPoP` header of its own. */
export function tokenRequest(
  party: VendorByHand,
  issuer: string,
  form: Changes,
  ...proofs: readonly string[]
): Promise<Answer> {
  const body = new URLSearchParams();
  const named = party.secret === undefined ? { client_id: party.clientId, ...form } : form;
  for (const [name, value] of Object.entries(named)) if (value !== undefined) body.set(name, value);
  return ask(`${issuer}/oidc/token`, {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(party.secret === undefined ? {} : { authorization: party.basic }),
      ...(proofs.length === 0 ? {} : { dpop: proofs as never }),
    },
    body: body.toString(),
  });
}

/** The form that redeems a code. */
export function codeForm(
  party: VendorByHand,
  begun: { readonly code: string; readonly verifier: string },
): Changes {
  return {
    grant_type: 'authorization_code',
    code: begun.code,
    redirect_uri: party.redirectUri,
    code_verifier: begun.verifier,
  };
}

/** Asks userinfo under a scheme, with or without a proof. */
export function userinfoRequest(
  issuer: string,
  scheme: 'Bearer' | 'DPoP',
  accessToken: string,
  proof?: string,
): Promise<Answer> {
  return ask(`${issuer}/oidc/userinfo`, {
    headers: {
      authorization: `${scheme} ${accessToken}`,
      ...(proof === undefined ? {} : { dpop: proof }),
    },
  });
}
