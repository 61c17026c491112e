import { sign } from 'node:crypto';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';
import { promisify } from 'node:util';

import { algorithmFacts, type SigningAlgorithm } from './algorithms.ts';
import { encodeBase64url } from './base64url.ts';
import { signatureInput } from './signature-input.ts';
import type { SigningKey } from './signing-keys.ts';

const signElsewhere = promisify<string, Buffer, SignKeyObjectInput, Buffer>(sign);

/**
 * A JWT in compact form (RFC 7515 7.1), signed with a key of ours, whose algorithm and `kid` stand
 * in its header.
 */
export async function signJwt(
  claims: Readonly<Record<string, unknown>>,
  key: SigningKey,
  type?: string,
): Promise<string> {
  const { alg, kid, privateKey } = key;
  const header = { alg, ...(type === undefined ? {} : { typ: type }), kid };
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${encodeBase64url(await signature(alg, Buffer.from(text, 'latin1'), privateKey))}`;
}

/**
 * A signature with an RSA key takes so long that a thread of its own is worth it; one with an
 * elliptic curve costs less than handing it over.
 */
function signature(
  alg: SigningAlgorithm,
  text: Buffer,
  privateKey: KeyObject,
): Promise<Buffer> | Buffer {
  const input = signatureInput(alg, privateKey);
  const { kty, hash } = algorithmFacts(alg);
  if (kty === 'RSA') return signElsewhere(hash, text, input);
  // Ed25519 hashes by itself.
  return sign(kty === 'OKP' ? undefined : hash, text, input);
}

function encoded(value: object): string {
  return encodeBase64url(Buffer.from(JSON.stringify(value)));
}
