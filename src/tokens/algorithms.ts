/** What a signature algorithm of JOSE (RFC 7518 section 3.1, RFC 8037) needs of keys and hashes. */
interface SignatureAlgorithmFacts {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
  /** The hash of the algorithm; for EdDSA the one that Ed25519 uses inside. */
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

/**
 * Every algorithm that the proxy verifies or signs with. All are asymmetric:
 * `none` and HMAC, which a public key could be abused to forge, have no place here.
 */
const SIGNATURE_ALGORITHMS = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: { kty: 'RSA', hash: 'sha256' },
  PS384: { kty: 'RSA', hash: 'sha384' },
  PS512: { kty: 'RSA', hash: 'sha512' },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: 'sha512' },
} as const satisfies Record<string, SignatureAlgorithmFacts>;

/** The name of an algorithm in the JOSE header. */
export type SignatureAlgorithm = keyof typeof SIGNATURE_ALGORITHMS;

/** All of them, in the order in which documents list them. */
export const SIGNATURE_ALGORITHM_NAMES = Object.keys(
  SIGNATURE_ALGORITHMS,
) as readonly SignatureAlgorithm[];

/** The algorithms that clients may choose for what the proxy signs. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'PS256' | 'EdDSA';

export function isSignatureAlgorithm(name: unknown): name is SignatureAlgorithm {
  return typeof name === 'string' && Object.hasOwn(SIGNATURE_ALGORITHMS, name);
}

export function algorithmFacts(algorithm: SignatureAlgorithm): SignatureAlgorithmFacts {
  return SIGNATURE_ALGORITHMS[algorithm];
}
