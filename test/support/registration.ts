import { AtRest } from '../../src/database/at-rest.ts';
import { createInitialToken } from '../../src/operations/initial-tokens.ts';
import { ask } from './by-hand.ts';
import type { Answer } from './by-hand.ts';
import type { TestProxy } from './proxy.ts';

/** Client metadata, or whatever else a vendor sends as such. */
export type Sent = Readonly<Record<string, unknown>>;

/** A client as the proxy answered with it. */
export interface Registered {
  readonly client_id: string;
  readonly client_secret: string;
  readonly registration_client_uri: string;
  readonly registration_access_token: string;
  readonly [name: string]: unknown;
}

/** What operations work with in a test of the running proxy. */
export function operationsOf({ database, keyring, config }: TestProxy) {
  return { db: database.db, atRest: new AtRest(keyring.storage), config, clock: () => new Date() };
}

/** A token with which a vendor registers clients. */
export async function initialToken(
  proxy: TestProxy,
  vendorId: string,
  uses = 1000,
): Promise<string> {
  const { token } = await createInitialToken(
    operationsOf(proxy),
    { vendorId, uses, days: 1 },
    { actor: 'test' },
  );
  return token;
}

/** Posts client metadata as JSON. */
export function register(proxy: TestProxy, token: string, metadata: unknown): Promise<Answer> {
  return ask(`${proxy.issuer}/oidc/register`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
}

/** Registers a client that must be accepted, and waits until this replica knows it. */
export async function registered(
  proxy: TestProxy,
  token: string,
  metadata: Sent,
): Promise<Registered> {
  const answer = await register(proxy, token, metadata);
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
  await proxy.application.registry.refresh();
  return JSON.parse(answer.body) as Registered;
}

/** Reads, replaces or removes one's own client. */
export function manage(
  client: Pick<Registered, 'registration_client_uri' | 'registration_access_token'>,
  method: 'GET' | 'PUT' | 'DELETE',
  metadata?: Sent,
): Promise<Answer> {
  return ask(client.registration_client_uri, {
    method,
    headers: {
      authorization: `Bearer ${client.registration_access_token}`,
      ...(metadata === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(metadata === undefined ? {} : { body: JSON.stringify(metadata) }),
  });
}
