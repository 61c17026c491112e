import type { Result } from '../result.ts';
import type { VerifiedIdToken } from '../tokens/verify.ts';
import { verifyIdToken } from '../tokens/verify.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import { withFreshKeys } from './fresh-keys.ts';

/** What the upstream's ID token must say. */
interface Expectation {
  readonly clientId: string;
  readonly nonce: string | undefined;
  readonly accessToken: string | undefined;
  readonly now: Date;
}

/**
 * Verifies an ID token of the upstream against its current keys; an unknown key
 * is looked for once more, as often as the upstream's rate limit allows.
 */
export function verifiedIdToken(
  upstream: UpstreamProvider,
  idToken: string,
  expected: Expectation,
): Promise<Result<VerifiedIdToken>> {
  const verify = (): Promise<Result<VerifiedIdToken>> => {
    const metadata = upstream.metadata();
    return verifyIdToken(idToken, {
      ...expected,
      keys: upstream.keys(),
      issuer: metadata.issuer,
      algorithms: metadata.id_token_signing_alg_values_supported,
    });
  };
  return withFreshKeys(verify, 'id_token_key_unknown', () => upstream.refetchKeys());
}
