import { decodeBase64url } from './base64url.ts';

/**
 * The `sub` that a token claims, if it is a JWT with one. Nothing is verified:
 * good for a doubt, never for trust.
 */
export function unverifiedSubject(token: string): string | undefined {
  const segments = token.split('.');
  const payload = segments.length === 3 ? decodeBase64url(segments[1] ?? '') : undefined;
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('sub' in claims)) return undefined;
    return typeof claims.sub === 'string' ? claims.sub : undefined;
  } catch {
    return undefined;
  }
}
