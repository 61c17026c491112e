import { createExchange } from '../upstream/exchange.ts';
import { upstreamGrants } from '../upstream/grant-types.ts';
import { UpstreamProvider } from '../upstream/provider.ts';
import { forwardedHeaders } from '../upstream/reach.ts';
import { grantsOfUpstream, type KnownGrants } from '../vendors/upstream-grants.ts';
import type { Workspace } from './context.ts';

/** Milliseconds: whoever registers a client waits for this. */
const TIMEOUT = 5_000;

/**
 * What the upstream has of the grant types that a registration names. It is asked only where one
 * of them needs it; undefined: none does.
 */
export async function knownGrants(
  { config, clock, log }: Pick<Workspace, 'config' | 'clock' | 'log'>,
  named: readonly unknown[],
): Promise<KnownGrants | undefined> {
  if (grantsOfUpstream(named).length === 0) return undefined;
  const headers = forwardedHeaders(config.upstream);
  const pool = createExchange({ headers, timeoutMilliseconds: TIMEOUT });
  const upstream = new UpstreamProvider({
    ...config.upstream,
    ...{ exchange: pool.exchange, clock, log },
  });
  try {
    await upstream.recheck();
    return upstream.known ? upstreamGrants(upstream.metadata()) : 'unknown';
  } finally {
    await upstream.close();
    await pool.close();
  }
}
