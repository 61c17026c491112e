import { createHash } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';
import { secretsEqual } from './client-secret.ts';

/** Whether a value has the form of a `code_verifier` (RFC 7636 section 4.1). */
export function isCodeVerifier(value: string): boolean {
  return /^[A-Za-z0-9\-._~]{43,128}$/.test(value);
}

/** Whether a value can be the `code_challenge` of method S256: 32 bytes in base64url. */
export function isCodeChallenge(value: string): boolean {
  return value.length === 43 && decodeBase64url(value) !== undefined;
}

/** The `code_challenge` of a verifier under S256 (RFC 7636 section 4.2). */
export function codeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier, 'ascii').digest('base64url');
}

/** Whether a verifier is well-formed and matches its challenge (RFC 7636 section 4.6). */
export function verifierMatches(verifier: string, challenge: string): boolean {
  return isCodeVerifier(verifier) && secretsEqual(codeChallenge(verifier), challenge);
}
