import { randomUUID } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import { appendChange } from '../database/changes.ts';
import { inTransaction, type Transaction } from '../database/connection.ts';
import type { UpstreamAuthenticationMethod } from '../vendors/client.ts';
import { readClients } from '../vendors/client-store.ts';
import { ConflictError, UnknownError } from '../vendors/problem.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import {
  deleteUpstreamClient,
  insertUpstreamClient,
  readUpstreamClients,
  type UpstreamClient,
} from '../vendors/upstream-client-store.ts';
import { lockRegistry, readVendors } from '../vendors/vendor-store.ts';
import type { OperationContext } from './context.ts';

/** A client that an operator made at the upstream, for the next registration of a vendor. */
export interface PrepareClient {
  readonly vendorId: string;
  readonly upstreamClientId: string;
  /** What the proxy authenticates with there; never told to the vendor. */
  readonly clientSecret: string;
  readonly authenticationMethod?: UpstreamAuthenticationMethod | undefined;
}

type PoolContext = Pick<OperationContext, 'db' | 'atRest' | 'clock'>;

/**
 * Keeps a client of the upstream ready for a registration of the vendor. It must know
 * `ISSUER/oidc/callback` as redirect URI, since the vendor's own are not known yet.
 *
 * @throws UnknownError, ConflictError
 */
export async function prepareClient(
  { db, atRest, clock }: PoolContext,
  prepared: PrepareClient,
  by: By,
): Promise<void> {
  const at = clock();
  const { vendorId, clientSecret, authenticationMethod } = prepared;
  await inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const [vendor] = await readVendors(trx, [vendorId]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${vendorId}".`);
    await mustBeFree(trx, atRest, prepared.upstreamClientId);
    await insertUpstreamClient(trx, atRest, {
      ...{ id: randomUUID(), vendorId, state: 'prepared', clientId: undefined },
      ...{ upstreamClientId: prepared.upstreamClientId, clientSecret, authenticationMethod },
      ...{ management: undefined, createdAt: at },
    });
    await appendChange(trx, 'vendor', vendorId, at);
    const details = { upstream_client: prepared.upstreamClientId };
    await appendAudit(
      trx,
      { ...by, act: 'upstream_client.prepared', target: vendorId, details },
      at,
    );
  });
}

/** The clients of the upstream that wait for registrations of a vendor, oldest first. */
export function listPreparedClients(
  { db, atRest }: Pick<PoolContext, 'db' | 'atRest'>,
  vendorId: string,
): Promise<readonly UpstreamClient[]> {
  return readUpstreamClients(db, atRest, { vendorId, states: ['prepared'] });
}

/** Takes a prepared client back, while no registration uses it. Throws UnknownError. */
export async function withdrawPreparedClient(
  { db, atRest, clock }: PoolContext,
  { vendorId, upstreamClientId: named }: Pick<PrepareClient, 'vendorId' | 'upstreamClientId'>,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    const prepared = await readUpstreamClients(trx, atRest, { vendorId, states: ['prepared'] });
    const found = prepared.find((each) => each.upstreamClientId === named);
    if (found === undefined || !(await deleteUpstreamClient(trx, found.id))) {
      throw new UnknownError(`No client "${named}" is prepared for the vendor "${vendorId}".`);
    }
    await appendChange(trx, 'vendor', vendorId, at);
    const details = { upstream_client: named };
    await appendAudit(
      trx,
      { ...by, act: 'upstream_client.withdrawn', target: vendorId, details },
      at,
    );
  });
}

/** One upstream client serves one client here, else two vendors' tokens would be one client's. */
async function mustBeFree(
  trx: Transaction,
  atRest: OperationContext['atRest'],
  named: string,
): Promise<void> {
  const recorded = await readUpstreamClients(trx, atRest, {});
  const waiting = recorded.find((each) => each.upstreamClientId === named);
  const clients = await readClients(trx, atRest);
  const user = clients.find(({ client }) => upstreamClientId(client) === named);
  if (waiting === undefined && user === undefined) return;
  throw new ConflictError(
    user === undefined
      ? `The upstream client "${named}" is prepared already.`
      : `The upstream client "${named}" serves the client "${user.client.clientId}".`,
  );
}
