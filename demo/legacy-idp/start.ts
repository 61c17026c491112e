import { listen } from '../../test/support/listen.ts';
import { createLegacyProvider } from './provider.ts';
import type { LegacyClient } from './provider.ts';
import { newLegacyKey } from './signing-keys.ts';
import { LegacyStore } from './store.ts';
import { ALICE, BOB } from './users.ts';

/** Starts the legacy provider on 127.0.0.1, on a free port unless one is given. */
export async function startLegacyProvider(
  clients: readonly LegacyClient[],
  at?: number,
): Promise<{ issuer: string; close: () => Promise<void> }> {
  const key = await newLegacyKey();
  const store = new LegacyStore();
  let handle: ReturnType<typeof createLegacyProvider> = async () => undefined;
  const { port, close } = await listen((request, response) => {
    handle(request, response).catch(() => response.destroy());
  }, at);
  const issuer = `http://localhost:${port}`;
  handle = createLegacyProvider({ issuer, clients, users: [ALICE, BOB], keys: [key], store });
  return { issuer, close };
}

/** A client of it that authenticates with a secret. */
export function legacyClient(id: string, clientSecret: string, redirectUri: string): LegacyClient {
  return {
    client_id: id,
    client_secret: clientSecret,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}
