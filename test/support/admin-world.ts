import { createAdminToken } from '../../src/operations/admin-tokens.ts';
import { AdminClient } from './admin.ts';
import { freshDatabase, type Dialect } from './database.ts';
import { startProxy, type TestProxy } from './proxy.ts';

/** `ADMIN_TOKEN` of these worlds. */
export const ADMIN_TOKEN = 'environment-token-0123456789-0123456789';

/** A proxy with two vendors whose upstream is away, for those who only use the admin API. */
export interface AdminWorld {
  readonly proxy: TestProxy;
  readonly api: AdminClient;
  /** Another replica on the same database. */
  replica(): Promise<AdminClient>;
  /** A token with these scopes, and no more. */
  token(name: string, scopes: readonly string[], days?: number): Promise<string>;
  close(): Promise<void>;
}

export async function createAdminWorld(
  dialect: Dialect,
  clock: () => Date = () => new Date(),
): Promise<AdminWorld> {
  const database = await freshDatabase(dialect);
  const proxy = await startProxy({
    ...{ database, clock, environment: { ADMIN_TOKEN } },
    upstreamIssuer: 'http://127.0.0.1:9',
    vendors: ['acme', 'bolt'].map((id) => ({
      id,
      clients: [
        {
          client_id: `${id}-web`,
          client_secret: `${id}-secret-0123456789`,
          redirect_uris: [`https://${id}.example/cb`],
          upstream: { client_id: `legacy-${id}`, client_secret: 'at-the-upstream' },
        },
      ],
    })),
  });
  const replicas: TestProxy[] = [];
  return {
    proxy,
    api: await AdminClient.open(proxy.adminUrl, ADMIN_TOKEN),
    replica: async () => {
      const replica = await proxy.replica();
      replicas.push(replica);
      return AdminClient.open(replica.adminUrl, ADMIN_TOKEN);
    },
    token: async (name, scopes, days = 1) => {
      const made = { name, scopes, days };
      return (await createAdminToken({ db: database.db, clock }, made, { actor: 'test' })).token;
    },
    close: async () => {
      for (const replica of replicas) await replica.close();
      await proxy.close();
      await database.close();
    },
  };
}
