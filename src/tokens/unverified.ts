import { decodeBase64url } from './base64url.ts';
import { jsonObject } from './json-object.ts';

/**
 * The `sub` that a token claims, if it is a JWT with one. Nothing is verified:
 * good for a doubt, never for trust.
 */
export function unverifiedSubject(token: string): string | undefined {
  const segments = token.split('.').map(decodeBase64url);
  if (segments.length !== 3) return undefined;
  const sub = jsonObject(segments[1])?.['sub'];
  return typeof sub === 'string' ? sub : undefined;
}
