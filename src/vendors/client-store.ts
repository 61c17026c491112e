import type { AtRest } from '../database/at-rest.ts';
import { bytes, text } from '../database/bytes.ts';
import { appendChange } from '../database/changes.ts';
import type { Connection, Transaction } from '../database/connection.ts';
import { deleteStream } from '../database/event-streams.ts';
import { sectorWithLinked } from '../database/sector-links.ts';
import type { Client, Phase } from './client.ts';
import { fromRow, toColumns, type ClientRow } from './client-row.ts';
import { deleteMappingTokens } from './mapping-token-store.ts';
import { insertPhase, readPhases } from './phase-store.ts';
import { ConflictError, RegistrationError, StaleError, UnknownError } from './problem.ts';
import type { ClientSettings } from './registration.ts';
import { deleteRegistration } from './registration-store.ts';
import { phaseProblem } from './rules.ts';
import { deleteSectorCheck } from './sector-check-store.ts';
import { releaseUpstreamClient } from './upstream-client-store.ts';
import { claimSector, releaseSector, usersOfSector } from './vendor-store.ts';

/** A client as it is stored, with what only operators see of it. */
export interface StoredClient {
  readonly client: Client;
  /** Counts its changes; names the state that a later change was based on. */
  readonly revision: number;
  /** Since when the way round the proxy has been accepted. */
  readonly acceptBypassAt: Date | undefined;
}

/** A change of sector that would give users another `sub`, and that nobody asked for. */
export class SectorChangeError extends Error {
  override readonly name = 'SectorChangeError';
  readonly clientId: string;
  /** How many users have a pseudonym in the sector that the client would leave. */
  readonly users: number;

  constructor(clientId: string, from: string, to: string, users: number) {
    super(
      `The client "${clientId}" would move from the sector "${from}" to "${to}", ` +
        `which changes the subject of ${users} ${users === 1 ? 'user' : 'users'}.`,
    );
    this.clientId = clientId;
    this.users = users;
  }
}

/**
 * All clients, or those named. One that cannot be read (a secret that does not
 * open, no recorded phase) is left out and told to `onUnreadable`.
 */
export async function readClients(
  db: Connection,
  atRest: AtRest,
  clientIds?: readonly string[],
  onUnreadable?: (clientId: string, error: unknown) => void,
): Promise<readonly StoredClient[]> {
  const query = db<ClientRow>('clients').orderBy('client_id');
  const rows = await (clientIds === undefined
    ? query
    : query.whereIn('client_id', clientIds.map(bytes)));
  const phases = await readPhases(db, clientIds);
  return rows.flatMap((row) => {
    const clientId = text(row.client_id);
    try {
      const recorded = phases.get(clientId);
      if (recorded === undefined) throw new Error(`The client "${clientId}" has no phase.`);
      const { accept_bypass_at: acceptedAt, revision } = row;
      const acceptBypassAt = acceptedAt === null ? undefined : new Date(Number(acceptedAt));
      return [{ client: { ...fromRow(row, atRest), phases: recorded }, revision, acceptBypassAt }];
    } catch (error) {
      if (onUnreadable === undefined) throw error;
      onUnreadable(clientId, error);
      return [];
    }
  });
}

/** One client; an {@link UnknownError} where there is none of that id. */
export async function readClient(
  db: Connection,
  atRest: AtRest,
  clientId: string,
): Promise<StoredClient> {
  const [stored] = await readClients(db, atRest, [clientId]);
  if (stored === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  return stored;
}

/** Adds a client in its first phase. Tokens of an earlier client of that id stay dead. */
export async function insertClient(
  trx: Transaction,
  atRest: AtRest,
  settings: ClientSettings,
  creation: { readonly phase: Phase; readonly actor: string; readonly at: Date },
): Promise<void> {
  mustAllow(settings, creation.phase);
  const { clientId } = settings;
  const { phase, actor, at } = creation;
  const change = await appendChange(trx, 'client', clientId, at);
  const where = { client_id: bytes(clientId) };
  if ((await trx('clients').where(where).first('revision')) !== undefined) {
    throw new ConflictError(`The client "${clientId}" exists already.`);
  }
  await claimSector(trx, settings.sector, settings.vendorId, at);
  await trx('clients').insert({
    ...where,
    ...toColumns(settings, atRest),
    accept_bypass_at: settings.acceptBypass ? at.getTime() : null,
    not_before: change,
    revision: 1,
    created_at: at.getTime(),
    updated_at: at.getTime(),
  });
  await insertPhase(trx, clientId, {
    version: 1,
    phase,
    percent: undefined,
    pilotUsers: [],
    change,
    at,
    actor,
    reason: undefined,
    restores: undefined,
  });
}

/**
 * Replaces a client's settings; its phase stays.
 *
 * A change of sector that would change anybody's `sub` throws a
 * {@link SectorChangeError} unless `sectorChange` is `allowed`; then the
 * client's tokens end with it, for they carry subjects of the sector it left.
 *
 * @param change.revision the state that the change was based on; any other is a {@link ConflictError}
 */
export async function updateClient(
  trx: Transaction,
  atRest: AtRest,
  settings: ClientSettings,
  change: {
    readonly at: Date;
    readonly revision?: number | undefined;
    readonly sectorChange?: 'allowed' | 'refused' | undefined;
  },
): Promise<void> {
  const { clientId } = settings;
  const { at } = change;
  const position = await appendChange(trx, 'client', clientId, at);
  const stored = await readClient(trx, atRest, clientId);
  mustAllow(settings, stored.client.phases.at(-1)?.phase ?? 'pairwise');
  if (stored.client.vendorId !== settings.vendorId) {
    throw new ConflictError(
      `The client "${clientId}" belongs to the vendor "${stored.client.vendorId}".`,
    );
  }
  const moves = stored.client.sector !== settings.sector;
  if (moves) {
    await mustMove(trx, stored.client, settings, change.sectorChange);
    await claimSector(trx, settings.sector, settings.vendorId, at);
  }
  const acceptedAt = stored.acceptBypassAt ?? at;
  const written = await trx('clients')
    .where({ client_id: bytes(clientId), revision: change.revision ?? stored.revision })
    .update({
      ...toColumns(settings, atRest),
      accept_bypass_at: settings.acceptBypass ? acceptedAt.getTime() : null,
      ...(moves ? { not_before: position } : {}),
      revision: stored.revision + 1,
      updated_at: at.getTime(),
    });
  if (written === 0) throw changedMeanwhile(clientId);
  if (moves) await releaseSector(trx, stored.client.sector);
}

/** Removes a client with its history; its sector stays the vendor's while pseudonyms are in it. */
export async function deleteClient(
  trx: Transaction,
  clientId: string,
  change: { readonly at: Date; readonly revision?: number | undefined },
): Promise<void> {
  await appendChange(trx, 'client', clientId, change.at);
  const where = { client_id: bytes(clientId) };
  const row: { sector: Buffer; revision: number } | undefined = await trx('clients')
    .where(where)
    .first('sector', 'revision');
  if (row === undefined) throw new UnknownError(`There is no client "${clientId}".`);
  if (change.revision !== undefined && change.revision !== row.revision) {
    throw changedMeanwhile(clientId);
  }
  await trx('phase_changes').where(where).delete();
  await trx('notices').where(where).delete();
  await trx('given_subjects').where(where).delete();
  await trx('shadow_logins').where(where).delete();
  await deleteStream(trx, `client:${clientId}`);
  await deleteRegistration(trx, clientId);
  await deleteMappingTokens(trx, clientId);
  await deleteSectorCheck(trx, clientId);
  await releaseUpstreamClient(trx, clientId, change.at);
  await trx('clients').where(where).delete();
  await releaseSector(trx, text(row.sector));
}

/** Marks a client as changed from a known state; a {@link ConflictError} from any other. */
export async function advanceRevision(
  trx: Transaction,
  clientId: string,
  revision: number,
  mark: { readonly at: Date; readonly notBefore?: number | undefined },
): Promise<void> {
  const written = await trx('clients')
    .where({ client_id: bytes(clientId), revision })
    .update({
      revision: revision + 1,
      updated_at: mark.at.getTime(),
      ...(mark.notBefore === undefined ? {} : { not_before: mark.notBefore }),
    });
  if (written === 0) throw changedMeanwhile(clientId);
}

/** Ends what was issued before to every client of a sector, from a position of the change log on. */
export async function endSessionsIn(trx: Transaction, sector: string, at: Date): Promise<void> {
  const clients = await trx('clients')
    .where({ sector: bytes(sector) })
    .select<{ client_id: Buffer }[]>('client_id');
  for (const { client_id: id } of clients) {
    const notBefore = await appendChange(trx, 'client', text(id), at);
    await trx('clients')
      .where({ client_id: id })
      .update({ not_before: notBefore, updated_at: at.getTime() })
      .increment('revision', 1);
  }
}

/** {@link endSessionsIn} some sectors, and in those that use their subjects. */
export async function endSessionsAround(
  trx: Transaction,
  sectors: readonly string[],
  at: Date,
): Promise<void> {
  const around = new Set<string>();
  for (const sector of sectors) {
    for (const each of await sectorWithLinked(trx, sector)) around.add(each);
  }
  for (const sector of around) await endSessionsIn(trx, sector, at);
}

async function mustMove(
  trx: Transaction,
  from: Client,
  to: ClientSettings,
  sectorChange: 'allowed' | 'refused' | undefined,
): Promise<void> {
  const users = await usersOfSector(trx, from.sector);
  if (users > 0 && sectorChange !== 'allowed') {
    throw new SectorChangeError(from.clientId, from.sector, to.sector, users);
  }
  if ((from.phases.at(-1)?.pilotUsers.length ?? 0) > 0) {
    throw new ConflictError(
      `The pilot users of "${from.clientId}" are named for the sector "${from.sector}": ` +
        'set its phase without --user first, and name them again after the change.',
    );
  }
}

function mustAllow(settings: ClientSettings, phase: Phase): void {
  const problem = phaseProblem(settings, phase);
  if (problem === undefined) return;
  const { member, wrong, right } = problem;
  throw new RegistrationError([{ path: [member], wrong, right }]);
}

function changedMeanwhile(clientId: string): StaleError {
  return new StaleError(
    `The client "${clientId}" has been changed meanwhile: look at it again, then repeat.`,
  );
}
