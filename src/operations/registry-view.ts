import type { Plan } from '../vendors/apply.ts';
import type { Vendor } from '../vendors/client.ts';
import type { StoredClient } from '../vendors/client-store.ts';
import { canBypass } from '../vendors/rules.ts';
import type { ClientRemoval, VendorRemoval } from './removal-plan.ts';
import type { Transfer } from './transfer-client.ts';

/** A vendor as it is printed. */
export function vendorView(vendor: Vendor): Readonly<Record<string, unknown>> {
  return {
    id: vendor.id,
    name: vendor.name,
    contacts: vendor.contacts,
    policy_uri: vendor.policyUri ?? null,
    one_sector: vendor.oneSector,
    allowed_subject_types: vendor.allowedSubjectTypes,
    notice: vendor.notice,
    disconnect: vendor.disconnect,
  };
}

/** What a list of clients says of each. */
export function clientSummary({ client }: StoredClient): Readonly<Record<string, unknown>> {
  const current = client.phases.at(-1);
  return {
    client_id: client.clientId,
    vendor: client.vendorId,
    phase: current?.phase ?? null,
    percent: current?.percent ?? null,
    sector: client.sector,
    authentication: client.upstream === undefined ? 'forwarded' : 'terminated',
    can_bypass: canBypass(client),
  };
}

/** A client as it is printed: of its secrets, only whether there are any. */
export function clientView(stored: StoredClient): Readonly<Record<string, unknown>> {
  const { client, revision, acceptBypassAt } = stored;
  const { upstream } = client;
  return {
    ...clientSummary(stored),
    pilot_users: client.phases.at(-1)?.pilotUsers.length ?? 0,
    subject_type: client.subjectType,
    ...client.metadata,
    ...(client.metadata.events !== undefined && {
      events: {
        ...client.metadata.events,
        has_authorization_header: client.eventsAuthorization !== undefined,
      },
    }),
    has_client_secret: client.clientSecret !== undefined,
    upstream:
      upstream === undefined
        ? null
        : {
            client_id: upstream.clientId,
            has_client_secret: upstream.clientSecret !== undefined,
            ...(upstream.authenticationMethod !== undefined && {
              token_endpoint_auth_method: upstream.authenticationMethod,
            }),
            shared: upstream.shared,
          },
    accept_bypass: client.acceptBypass,
    accept_bypass_at: acceptBypassAt ?? null,
    release_claims: client.releaseClaims,
    front_channel: client.frontChannel ?? null,
    continuity_days: client.continuityDays,
    revision,
  };
}

/** What was done to one entry, and what its writer should know. */
export function editView(plan: Plan): Readonly<Record<string, unknown>> {
  const [change] = plan.changes;
  return {
    action: change?.action,
    kind: change?.kind,
    id: change?.id,
    fields: change?.fields ?? [],
    sector_moves: sectorMoves(plan),
    warnings: warnings(plan),
  };
}

/** What a document would do, or has done. */
export function planView(plan: Plan): Readonly<Record<string, unknown>> {
  return {
    changes: plan.changes,
    differences: plan.differences.map((each) => ({
      ...{ client_id: each.clientId, document: each.document, recorded: each.recorded },
      ...{ percent: each.percent ?? null, pilot_users: each.pilotUsers },
    })),
    sector_moves: sectorMoves(plan),
    warnings: warnings(plan),
  };
}

function sectorMoves({ sectorMoves: moves }: Plan) {
  return moves.map(({ clientId, from, to, users }) => ({ client_id: clientId, from, to, users }));
}

function warnings(plan: Plan) {
  return plan.warnings.map(({ path, wrong, right }) => ({ path, wrong, right }));
}

/** The same for people. */
export function editText(plan: Plan): string {
  const done = { create: 'created', update: 'updated', unchanged: 'unchanged:' };
  const changes = plan.changes.map(({ action, kind, id, fields }) => {
    const which = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
    return `${done[action]} ${kind} ${id}${which}`;
  });
  const moves = plan.sectorMoves.map(
    ({ from, to, users }) =>
      `moved from sector ${from} to ${to}; users whose sub changes: ${users}`,
  );
  const warned = plan.warnings.map(({ wrong, right }) => `warning: ${wrong}; ${right}`);
  return [...changes, ...moves, ...warned].join('\n');
}

/** What removing a client would do, as it is shown before. */
export function clientRemovalView(plan: ClientRemoval) {
  return {
    ...{ client_id: plan.clientId, vendor: plan.vendorId, sector: plan.sector },
    ...{ users: plan.users, other_clients: plan.others, recorded_phases: plan.versions },
    ...{ mapping_tokens: plan.mappingTokens, has_upstream_client: plan.hasUpstreamClient },
  };
}

/** The same of a vendor. */
export function vendorRemovalView(plan: VendorRemoval) {
  return {
    ...{ id: plan.vendorId, clients: plan.clients, held_sectors: plan.heldSectors },
    ...{ initial_tokens: plan.initialTokens, prepared_clients: plan.preparedClients },
  };
}

/** A transfer as it is printed. */
export function transferView(done: Transfer) {
  const { clientId, from, to, fromSector, toSector, users } = done;
  return {
    ...{ client_id: clientId, from, to, sector: toSector, from_sector: fromSector },
    changed_subjects: fromSector === toSector ? 0 : users,
  };
}
