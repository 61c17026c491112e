import { constants, sign } from 'node:crypto';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';
import { promisify } from 'node:util';

import type { SigningAlgorithm } from './algorithms.ts';
import { encodeBase64url } from './base64url.ts';
import { ecdsaFromDer } from './ecdsa-signature.ts';
import type { SigningKey } from './signing-keys.ts';

type Key = KeyObject | SignKeyObjectInput;

const signElsewhere = promisify<string, Buffer, Key, Buffer>(sign);
/** Bytes of each number of a signature with P-256. */
const P256_BYTES = 32;

/**
 * A JWT in compact form (RFC 7515 7.1), signed with a key of ours, whose algorithm and `kid` stand
 * in its header.
 */
export async function signJwt(
  claims: Readonly<Record<string, unknown>>,
  { alg, kid, privateKey }: SigningKey,
  type?: string,
): Promise<string> {
  const header = { alg, ...(type === undefined ? {} : { typ: type }), kid };
  const text = `${encoded(header)}.${encoded(claims)}`;
  const signed = SIGNATURES[alg](Buffer.from(text, 'latin1'), privateKey);
  return `${text}.${encodeBase64url(signed instanceof Promise ? await signed : signed)}`;
}

/**
 * RFC 7518 3.3 to 3.5, RFC 8037 3.1. A signature with an RSA key takes so long that a thread of
 * its own is worth it; one with an elliptic curve costs less than handing it over.
 */
const SIGNATURES: Readonly<
  Record<SigningAlgorithm, (text: Buffer, key: KeyObject) => Promise<Buffer> | Buffer>
> = {
  RS256: (text, key) => signElsewhere('sha256', text, key),
  PS256: (text, key) =>
    signElsewhere('sha256', text, {
      ...{ key, padding: constants.RSA_PKCS1_PSS_PADDING },
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }),
  ES256: (text, key) => ecdsaFromDer(sign('sha256', text, key), P256_BYTES),
  EdDSA: (text, key) => sign(undefined, text, key),
};

function encoded(value: object): string {
  return encodeBase64url(Buffer.from(JSON.stringify(value)));
}
