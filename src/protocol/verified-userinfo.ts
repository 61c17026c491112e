import { orRefuse } from '../errors.ts';
import type { Result } from '../result.ts';
import { verifyUserinfo } from '../tokens/verify-userinfo.ts';
import type { UpstreamProvider } from '../upstream/provider.ts';
import type { VerifyAnswer } from '../upstream/userinfo-request.ts';
import { withFreshKeys } from './fresh-keys.ts';

/**
 * Verifies a userinfo answer against the upstream's current keys; an unknown key
 * is looked for once more, as often as the upstream's rate limit allows.
 *
 * @throws Refusal `userinfo_key_unknown`, `userinfo_jwt_invalid`
 */
export function verifiedUserinfo(
  upstream: UpstreamProvider,
  expected: { readonly clientId: string; readonly now: Date },
): VerifyAnswer {
  return async (jwt) => {
    const verify = (): Promise<Result<Readonly<Record<string, unknown>>>> =>
      verifyUserinfo(jwt, {
        ...expected,
        keys: upstream.keys(),
        issuer: upstream.metadata().issuer,
      });
    const refetch = (): Promise<boolean> => upstream.refetchKeys();
    return orRefuse(await withFreshKeys(verify, 'userinfo_key_unknown', refetch));
  };
}
