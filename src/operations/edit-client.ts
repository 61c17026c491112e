import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import type { Plan } from '../vendors/apply.ts';
import { readClient, type StoredClient } from '../vendors/client-store.ts';
import {
  changeClient,
  createClient,
  readChange,
  readCreation,
  type EntryGiven,
} from '../vendors/edit.ts';
import { ConflictError } from '../vendors/problem.ts';
import type { RegistryContext } from './registry-context.ts';
import { mustBeVouchedForAll } from './sector-documents.ts';

/** A change of one client. */
export interface EditClient {
  readonly clientId: string;
  readonly entry: EntryGiven;
  readonly sectorChange: 'allowed' | 'refused';
  /** The revision that the operator has seen; any other is a `StaleError`. */
  readonly revision?: number | undefined;
}

/**
 * Adds one client of a vendor, by the rules of `apply`.
 *
 * @throws RegistrationError, UnknownError, ConflictError
 */
export async function addClient(
  context: RegistryContext,
  vendorId: string,
  entry: EntryGiven,
  by: By,
): Promise<Plan> {
  const upstreamGrants = await context.upstreamGrants(grantTypesOf(entry));
  await mustBeVouchedForAll(context, await readCreation(context.db, vendorId, entry));
  const at = context.clock();
  const how = { ...by, at, sectorChange: 'refused', upstreamGrants } as const;
  return createClient(context, vendorId, entry, how);
}

/**
 * Changes some members of a client, by the rules of `apply`.
 *
 * @throws RegistrationError, UnknownError, SectorChangeError, StaleError, ConflictError
 */
export async function editClient(
  context: RegistryContext,
  { clientId, entry, sectorChange, revision }: EditClient,
  by: By,
): Promise<Plan> {
  const upstreamGrants = await context.upstreamGrants(grantTypesOf(entry));
  await mustBeVouchedForAll(context, await readChange(context, clientId, entry));
  const how = { ...by, at: context.clock(), sectorChange, upstreamGrants, revision };
  return changeClient(context, clientId, entry, how);
}

/**
 * Gives a client another, random secret. The one before is dead at once.
 *
 * @throws UnknownError, StaleError, ConflictError where the client has no secret of its own here
 */
export async function renewClientSecret(
  context: RegistryContext,
  { clientId, revision }: Pick<EditClient, 'clientId' | 'revision'>,
  by: By,
): Promise<string> {
  const { client }: StoredClient = await readClient(context.db, context.atRest, clientId);
  if (client.clientSecret === undefined) {
    throw new ConflictError(
      `The client "${clientId}" has no secret here: it is forwarded, public, or uses keys.`,
    );
  }
  const secret = newClientSecret();
  const sources = { env: () => undefined, file: () => '' };
  const entry = { members: { client_secret: secret }, sources };
  await editClient(context, { clientId, entry, sectorChange: 'refused', revision }, by);
  return secret;
}

/** A secret that nobody guesses: 32 random bytes. */
export function newClientSecret(): string {
  return randomBytes(32).toString('base64url');
}

function grantTypesOf({ members }: EntryGiven): readonly unknown[] {
  const { grant_types: grantTypes } = members;
  return Array.isArray(grantTypes) ? grantTypes : [];
}
