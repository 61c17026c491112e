import type { By } from '../audit/by.ts';
import { appendAudits } from '../audit/store.ts';
import type { AtRest } from '../database/at-rest.ts';
import { inTransaction, type Connection, type Transaction } from '../database/connection.ts';
import type { Phase } from './client.ts';
import { insertClient, readClients, updateClient, type StoredClient } from './client-store.ts';
import { auditOf } from './apply-audit.ts';
import { clientDifferences, vendorDifferences } from './differences.ts';
import { noticeProblems } from './notice-rules.ts';
import { ConflictError, RegistrationError, UnknownError, type Problem } from './problem.ts';
import type { ClientRegistration, ClientSettings, Registrations } from './registration.ts';
import { problemsBetween, type Standing } from './rules.ts';
import { upstreamGrantFindings, type KnownGrants } from './upstream-grants.ts';
import {
  insertVendor,
  lockRegistry,
  readSectorOwners,
  readVendors,
  updateVendor,
  usersOfSector,
} from './vendor-store.ts';

/** What one entry would do, or has done. */
export interface PlannedChange {
  readonly action: 'create' | 'update' | 'unchanged';
  readonly kind: 'vendor' | 'client';
  readonly id: string;
  /** The names of the members that change; never their values. */
  readonly fields: readonly string[];
}

/** A phase that the document names and that `apply` leaves to `rollout`. */
export interface PhaseDifference {
  readonly clientId: string;
  readonly document: Phase;
  readonly recorded: Phase;
  /** What `pairwise` is narrowed to at the moment. */
  readonly percent: number | undefined;
  readonly pilotUsers: number;
}

/** A client that would leave its sector, and the users whose `sub` that would change. */
export interface SectorMove {
  readonly clientId: string;
  readonly from: string;
  readonly to: string;
  readonly users: number;
}

/** What a document would change. */
export interface Plan {
  readonly changes: readonly PlannedChange[];
  readonly differences: readonly PhaseDifference[];
  readonly sectorMoves: readonly SectorMove[];
  readonly warnings: readonly Problem[];
}

export interface ApplyContext {
  readonly db: Connection;
  readonly atRest: AtRest;
}

export interface ApplyOptions extends By {
  readonly at: Date;
  /** `allowed`: clients may leave a sector in which users have pseudonyms. */
  readonly sectorChange: 'allowed' | 'refused';
  /** What every entry must do; where one would do the other: `ConflictError` or `UnknownError`. */
  readonly expect?: 'create' | 'update' | undefined;
  /** What the upstream has; undefined: not looked at. */
  readonly upstreamGrants?: KnownGrants | undefined;
}

/**
 * What a document would change, without changing it. Every problem, within the
 * entries and between them and what stands already, in one {@link RegistrationError}.
 */
export async function planApply(
  { db, atRest }: ApplyContext,
  registrations: Registrations,
  upstreamGrants?: KnownGrants,
): Promise<Plan> {
  const state = await readState(db, atRest);
  const { located = (problem: Problem) => problem } = registrations;
  const grants = upstreamGrantFindings(registrations.clients, upstreamGrants);
  const problems = [...registrations.problems, ...grants.problems.map(located)];
  mustKeepRules({ ...registrations, problems }, state);
  const clients = registrations.clients.map((registration) => planClient(registration, state));
  return {
    changes: [
      ...registrations.vendors.map(({ vendor }) => {
        const standing = state.vendors.get(vendor.id);
        const fields = standing === undefined ? [] : vendorDifferences(standing, vendor);
        return planned('vendor', vendor.id, standing !== undefined, fields);
      }),
      ...clients,
    ],
    differences: registrations.clients.flatMap((each) => phaseDifference(each, state)),
    sectorMoves: await sectorMoves(db, registrations, state),
    warnings: [...registrations.warnings, ...grants.warnings.map(located)],
  };
}

/**
 * Makes what stands equal to what the document says, in one transaction: all of
 * it or nothing. What the document does not name stays, and so do the phases of
 * clients that exist. Returns what was done.
 *
 * Throws as {@link planApply} does, and besides `SectorChangeError` and
 * `ConflictError`.
 */
export async function applyRegistrations(
  { db, atRest }: ApplyContext,
  registrations: Registrations,
  options: ApplyOptions,
): Promise<Plan> {
  return inTransaction(db, async (trx) => {
    await lockRegistry(trx);
    return applyWithin(trx, atRest, registrations, options);
  });
}

/** As {@link applyRegistrations}, within a transaction that holds the registry's lock. */
export async function applyWithin(
  trx: Transaction,
  atRest: AtRest,
  registrations: Registrations,
  options: ApplyOptions,
): Promise<Plan> {
  const { actor, at, sectorChange, expect, upstreamGrants } = options;
  const plan = await planApply({ db: trx, atRest }, registrations, upstreamGrants);
  for (const change of plan.changes) mustBe(expect, change);
  const todo = new Map(plan.changes.map((change) => [`${change.kind} ${change.id}`, change]));
  for (const { vendor } of registrations.vendors) {
    const action = todo.get(`vendor ${vendor.id}`)?.action;
    if (action === 'create') await insertVendor(trx, vendor, at);
    if (action === 'update') await updateVendor(trx, vendor, at);
  }
  for (const { settings, phase } of registrations.clients) {
    const action = todo.get(`client ${settings.clientId}`)?.action;
    if (action === 'create') await insertClient(trx, atRest, settings, { phase, actor, at });
    if (action === 'update') await updateClient(trx, atRest, settings, { at, sectorChange });
  }
  const entries = auditOf(plan, registrations, options);
  const audits = entries.map((entry) => ({ entry, at }));
  await appendAudits(trx, audits);
  return plan;
}

function mustBe(expect: ApplyOptions['expect'], { action, kind, id }: PlannedChange): void {
  if (expect === 'create' && action !== 'create') {
    throw new ConflictError(`The ${kind} "${id}" exists already.`);
  }
  if (expect === 'update' && action === 'create') {
    throw new UnknownError(`There is no ${kind} "${id}".`);
  }
}

interface State {
  readonly clients: ReadonlyMap<string, StoredClient>;
  readonly vendors: ReadonlyMap<string, Awaited<ReturnType<typeof readVendors>>[number]>;
  readonly standing: Standing;
}

async function readState(db: Connection, atRest: AtRest): Promise<State> {
  const stored = await readClients(db, atRest);
  const vendors = await readVendors(db);
  return {
    clients: new Map(stored.map((each) => [each.client.clientId, each])),
    vendors: new Map(vendors.map((vendor) => [vendor.id, vendor])),
    standing: {
      clients: stored.map(({ client }) => ({ ...client, phase: currentPhase(client) })),
      sectorOwners: await readSectorOwners(db),
    },
  };
}

function mustKeepRules(registrations: Registrations, { standing, vendors }: State): void {
  const seen = new Set<string>();
  const twice = registrations.vendors.flatMap(({ vendor, path }) => {
    if (!seen.has(vendor.id)) {
      seen.add(vendor.id);
      return [];
    }
    const wrong = `"${vendor.id}" is named twice`;
    return [{ path: [...path, 'id'], wrong, right: 'name each vendor once' }];
  });
  const found = [
    ...twice,
    ...problemsBetween(registrations.clients, standing),
    ...noticeProblems(registrations, { vendors, clients: standing.clients }),
  ];
  const { located = (problem: Problem) => problem } = registrations;
  const problems = [...registrations.problems, ...found.map(located)];
  if (problems.length > 0) throw new RegistrationError(problems);
}

function planClient({ settings }: ClientRegistration, { clients }: State): PlannedChange {
  const standing = clients.get(settings.clientId)?.client;
  const fields = standing === undefined ? [] : clientDifferences(standing, settings);
  return planned('client', settings.clientId, standing !== undefined, fields);
}

function planned(
  kind: PlannedChange['kind'],
  id: string,
  exists: boolean,
  fields: readonly string[],
): PlannedChange {
  const action = !exists ? 'create' : fields.length > 0 ? 'update' : 'unchanged';
  return { action, kind, id, fields };
}

function phaseDifference(
  { settings, phase }: ClientRegistration,
  { clients }: State,
): readonly PhaseDifference[] {
  const current = clients.get(settings.clientId)?.client.phases.at(-1);
  if (current === undefined) return [];
  const { percent, pilotUsers } = current;
  if (current.phase === phase && percent === undefined && pilotUsers.length === 0) return [];
  return [
    {
      clientId: settings.clientId,
      document: phase,
      recorded: current.phase,
      percent,
      pilotUsers: pilotUsers.length,
    },
  ];
}

async function sectorMoves(
  db: Connection,
  registrations: Registrations,
  { clients }: State,
): Promise<readonly SectorMove[]> {
  const moves: SectorMove[] = [];
  for (const { settings } of registrations.clients) {
    const from = clients.get(settings.clientId)?.client.sector;
    if (from === undefined || from === settings.sector) continue;
    const users = await usersOfSector(db, from);
    moves.push({ clientId: settings.clientId, from, to: settings.sector, users });
  }
  return moves;
}

function currentPhase(client: ClientSettings & { phases: readonly { phase: Phase }[] }): Phase {
  return client.phases.at(-1)?.phase ?? 'pairwise';
}
