import type { RegistryContext } from '../operations/registry-context.ts';
import { openGuardedExchange } from '../outbound/guarded-exchange.ts';
import type { Workspace } from './context.ts';
import { knownGrants } from './upstream-grants.ts';

/** What changes vendors and clients, with a pool for the addresses that vendors name. */
export async function inRegistry<T>(
  workspace: Workspace,
  work: (context: RegistryContext) => Promise<T>,
): Promise<T> {
  const { outboundPrivateOrigins } = workspace.config;
  const pool = openGuardedExchange({
    mayBePrivate: (origin) => outboundPrivateOrigins.includes(origin),
  });
  try {
    return await work({
      ...workspace,
      vendorExchange: pool.exchange,
      upstreamGrants: (named) => knownGrants(workspace, named),
    });
  } finally {
    await pool.close();
  }
}
