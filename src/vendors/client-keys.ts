import { z } from 'zod';

import { SIGNATURE_ALGORITHM_NAMES } from '../tokens/algorithms.ts';

/** A public key that a client registered, under the names of RFC 7517 and RFC 7518 6. */
export interface ClientKey {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid?: string | undefined;
  readonly use?: 'sig' | 'enc' | undefined;
  readonly alg?: string | undefined;
  readonly key_ops?: readonly string[] | undefined;
  readonly crv?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
}

const CURVES = {
  EC: ['P-256', 'P-384', 'P-521'],
  OKP: ['Ed25519', 'X25519'],
} as const;

/** Of the modulus: below it nobody should believe a signature (RFC 7518 3.3). */
const SMALLEST_RSA_BITS = 2048;
const MOST_KEYS = 20;
const MOST_PUBLISHED_KEYS = 100;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const text = z.string().min(1).max(2000);

const key = z
  .looseObject({
    kty: z.enum(['RSA', 'EC', 'OKP']),
    kid: text.optional(),
    use: z.enum(['sig', 'enc']).optional(),
    alg: text.optional(),
    key_ops: z.array(text).optional(),
    crv: text.optional(),
    n: text.optional(),
    e: text.optional(),
    x: text.optional(),
    y: text.optional(),
  })
  .superRefine((given, context) => {
    const problem = keyProblem(given);
    if (problem === undefined) return;
    context.addIssue({
      code: 'custom',
      message: problem.wrong,
      params: { right: problem.right },
    });
  })
  .transform(({ kty, kid, use, alg, key_ops, crv, n, e, x, y }): ClientKey => {
    // RFC 9864 2.2: another name of the same.
    const named = alg === 'Ed25519' ? 'EdDSA' : alg;
    const members = { kty, kid, use, alg: named, key_ops, crv, n, e, x, y };
    const given = Object.entries(members).filter(([, value]) => value !== undefined);
    return Object.fromEntries(given) as unknown as ClientKey;
  });

/** A client's `jwks` as an operator or a vendor writes it (OpenID Connect Registration 2). */
export const clientJwks = z.object({ keys: z.array(key).min(1).max(MOST_KEYS) });

/**
 * The usable keys of a published JWKS. Keys of other kinds are passed over (RFC 7517 5),
 * since a vendor may publish what others need.
 */
export function publishedKeys(document: Readonly<Record<string, unknown>>): readonly ClientKey[] {
  const entries: readonly unknown[] = Array.isArray(document['keys']) ? document['keys'] : [];
  return entries.slice(0, MOST_PUBLISHED_KEYS).flatMap((entry) => {
    const parsed = key.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

function keyProblem(
  given: Readonly<Record<string, unknown>>,
): { readonly wrong: string; readonly right: string } | undefined {
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(given, name))) {
    const right = 'register the public key alone, and make a new pair: this one has been seen';
    return { wrong: 'holds a private or secret key', right };
  }
  if (given['kty'] === 'RSA') return rsaProblem(given);
  const curves: readonly string[] = given['kty'] === 'EC' ? CURVES.EC : CURVES.OKP;
  if (!curves.includes(String(given['crv']))) {
    return { wrong: 'has a curve that fits no algorithm', right: `use ${curves.join(', ')}` };
  }
  const complete = given['x'] !== undefined && (given['kty'] === 'OKP' || given['y'] !== undefined);
  return complete ? undefined : { wrong: 'lacks a coordinate', right: 'give x, and y for EC' };
}

function rsaProblem({ n, e }: Readonly<Record<string, unknown>>) {
  if (typeof n !== 'string' || typeof e !== 'string') {
    return { wrong: 'lacks the modulus or the exponent', right: 'give n and e' };
  }
  const bits = Buffer.from(n, 'base64url').length * 8;
  if (bits >= SMALLEST_RSA_BITS) return undefined;
  return { wrong: `is an RSA key of ${bits} bits`, right: `use ${SMALLEST_RSA_BITS} bits or more` };
}

/** What a key can do, by its type and curve. */
export function canVerify(key: ClientKey, algorithm?: string): boolean {
  if (key.use === 'enc' || (key.key_ops !== undefined && !key.key_ops.includes('verify'))) {
    return false;
  }
  const algorithms = algorithmsOf(key).filter((name) => key.alg === undefined || key.alg === name);
  return algorithm === undefined ? algorithms.length > 0 : algorithms.includes(algorithm);
}

/** The signature algorithms that a client may use. */
export const CLIENT_SIGNING_ALGORITHMS = SIGNATURE_ALGORITHM_NAMES;

/** The algorithms of `client_secret_jwt` (OpenID Connect Core 9). */
export const CLIENT_MAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

const BY_CURVE: Readonly<Record<string, readonly string[]>> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA'],
};

function algorithmsOf({ kty, crv = '' }: ClientKey): readonly string[] {
  if (kty !== 'RSA') return BY_CURVE[crv] ?? [];
  return CLIENT_SIGNING_ALGORITHMS.filter((name) => /^[RP]S/.test(name));
}
