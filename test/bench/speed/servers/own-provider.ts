import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import { LRUCache } from 'lru-cache';
import { Provider } from 'oidc-provider';

/**
 * What a provider with pairwise subjects of its own does: the package `oidc-provider` with
 * everything in memory. For each algorithm there is a client, whose refresh tokens, one a user,
 * it leaves in `tokens` as `{ALG: [token, …]}`.
 */
interface Settings {
  readonly port: number;
  readonly users: readonly string[];
  readonly secret: string;
  readonly scope: string;
  readonly tokens: string;
}

const settings = JSON.parse(readFileSync(0, 'utf8')) as Settings;
const { port, users, secret, scope } = settings;
const ALGORITHMS = ['ES256', 'RS256'] as const;
/** More than all users' grants and tokens, and the access tokens that were issued last. */
const KEPT = 200_000;

function adapter() {
  const rows = new LRUCache<string, object>({ max: KEPT });
  return {
    upsert: async (id: string, payload: object) => void rows.set(id, payload),
    find: async (id: string) => rows.get(id),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    consume: async () => undefined,
    destroy: async (id: string) => void rows.delete(id),
    revokeByGrantId: async () => undefined,
  };
}

async function key(alg: string) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: `own-${alg}`, alg, use: 'sig' };
}

const adapters = new Map<string, ReturnType<typeof adapter>>();
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: (model: string) => {
    const found = adapters.get(model) ?? adapter();
    adapters.set(model, found);
    return found;
  },
  clients: ALGORITHMS.map((alg) => ({
    ...{ client_id: `own-${alg}`, client_secret: secret, subject_type: 'pairwise' },
    ...{ redirect_uris: [`https://${alg.toLowerCase()}.example/callback`] },
    ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    id_token_signed_response_alg: alg,
  })),
  enabledJWA: { idTokenSigningAlgValues: [...ALGORITHMS] },
  jwks: { keys: await Promise.all(ALGORITHMS.map(key)) },
  cookies: { keys: ['a key of the benchmark'] },
  subjectTypes: ['pairwise', 'public'],
  pairwiseIdentifier: (
    _context: unknown,
    accountId: string,
    client: { sectorIdentifier: string },
  ) =>
    createHash('sha256').update(`${client.sectorIdentifier}${accountId}salt`).digest('base64url'),
  features: { devInteractions: { enabled: false } },
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  conformIdTokenClaims: false,
  rotateRefreshToken: false,
  findAccount: (_context: unknown, accountId: string) => ({
    accountId,
    claims: () => ({ sub: accountId, name: 'Pat Person', email: accountId }),
  }),
});

const tokens: Record<string, string[]> = {};
for (const alg of ALGORITHMS) {
  const clientId = `own-${alg}`;
  const client = await provider.Client.find(clientId);
  const made: string[] = [];
  for (const accountId of users) {
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    const grantId = await grant.save();
    const token = new provider.RefreshToken({
      ...{ accountId, client, grantId, scope, gty: 'authorization_code' },
      authTime: Math.floor(Date.now() / 1000),
    });
    made.push(await token.save());
  }
  tokens[alg] = made;
}
writeFileSync(settings.tokens, JSON.stringify(tokens));
createServer(provider.callback()).listen(port, '127.0.0.1');
