import type { Endpoint } from './message.ts';
import { publicJson } from './message.ts';

/** Seconds for which the keys may be kept; a new key is published for longer before it signs. */
const MAX_AGE = 300;

/** Our own public keys (OpenID Connect Discovery 3, `jwks_uri`). */
export function jwksEndpoint(publicKeys: () => readonly object[]): Endpoint {
  return () => Promise.resolve(publicJson({ keys: publicKeys() }, MAX_AGE));
}
