import type { SealedCode } from './code.ts';
import { sealPendingCode } from './code.ts';
import type { Seals } from './seals.ts';

/** Where answers are built that are more than a redirect to the vendor. */
function callbackAddress(issuer: string): string {
  return `${issuer}/oidc/callback`;
}

/** Our callback, carrying an upstream code that nobody else can read or redeem. */
export async function callbackWithCode(
  { issuer, seals }: { readonly issuer: string; readonly seals: Seals },
  code: SealedCode,
  now: Date,
): Promise<string> {
  const location = new URL(callbackAddress(issuer));
  location.searchParams.set('pending', await sealPendingCode(seals, code, now));
  return location.href;
}

/** Our callback, carrying a standard error code for the transaction behind `state`. */
export function callbackWithError(issuer: string, state: string, error: string): string {
  const location = new URL(callbackAddress(issuer));
  location.searchParams.set('error', error);
  location.searchParams.set('state', state);
  return location.href;
}
