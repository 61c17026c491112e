import { constants, createHmac, sign, type KeyObject } from 'node:crypto';

/** base64url of bytes or a text as they stand, of anything else as JSON. */
export function encoded(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

/** A signature by the algorithm of a JOSE header (RFC 7518 section 3). */
function signature(alg: string, data: string, key: KeyObject): Buffer {
  const bytes = Buffer.from(data);
  if (alg.startsWith('Ed')) return sign(null, bytes, key);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('HS')) return createHmac(hash, key).update(bytes).digest();
  if (alg.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return sign(hash, bytes, key);
  return sign(hash, bytes, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/**
 * A compact JWS as no well-behaved library would make it: any header, any
 * payload, signed with `alg` of the header, or with another algorithm.
 */
export function handMadeJws(
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
  key: KeyObject,
  algorithm = String(header['alg']),
): string {
  const data = `${encoded(header)}.${encoded(payload)}`;
  return `${data}.${signature(algorithm, data, key).toString('base64url')}`;
}
