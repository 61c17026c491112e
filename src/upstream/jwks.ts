import { z } from 'zod';

import { Refusal } from '../errors.ts';

/** A public key of the upstream (RFC 7517 4): known public members only. */
export type Jwk = Readonly<z.infer<typeof KEY>>;

const KEY = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().exactOptional(),
  alg: z.string().exactOptional(),
  use: z.literal('sig').exactOptional(),
  key_ops: z.array(z.string()).exactOptional(),
  crv: z.string().exactOptional(),
  n: z.string().exactOptional(),
  e: z.string().exactOptional(),
  x: z.string().exactOptional(),
  y: z.string().exactOptional(),
});

/**
 * The signing keys in a JWK set. Symmetric keys, encryption keys and malformed
 * ones are passed over (RFC 7517 5), private members dropped.
 *
 * @throws Refusal `upstream_metadata` when no signing key remains.
 */
export function parseJwks(document: Readonly<Record<string, unknown>>): readonly Jwk[] {
  const entries = Array.isArray(document['keys']) ? document['keys'] : [];
  const keys = entries.flatMap((entry: unknown) => {
    const parsed = KEY.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
  if (keys.length === 0) throw new Refusal('upstream_metadata', 'jwks_uri has no signing key');
  return keys;
}
