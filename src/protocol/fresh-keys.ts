import type { Reason } from '../errors.ts';
import type { Result } from '../result.ts';

/**
 * A verification by keys that somebody else publishes: where it fails as
 * `unknownKey`, the keys are fetched once more, as often as their rate limit allows.
 *
 * @param refetch whether the keys were fetched
 */
export async function withFreshKeys<T>(
  verify: () => Promise<Result<T>>,
  unknownKey: Reason,
  refetch: () => Promise<boolean>,
): Promise<Result<T>> {
  const first = await verify();
  if (first.ok || first.reason !== unknownKey) return first;
  return (await refetch()) ? verify() : first;
}
