import { sectorOf, vendorSector } from '../subjects/sector.ts';
import type { Client, ClientMetadata, Phase, Vendor } from './client.ts';
import type { ClientEntry, VendorEntry } from './entries.ts';
import { eventDeliveryOf } from './event-members.ts';
import { lacksCodeFlow } from './grant-rules.ts';
import { logoutMetadataOf } from './logout-members.ts';
import type { Path, Problem } from './problem.ts';
import { isObject, readClient, readVendor, unknownMember } from './read-entry.ts';
import { isResourceServerOnly } from './resource-server.ts';
import { readEventsHeader, readSecret, type SecretSources } from './secrets.ts';
import { credentialProblems, usesSecret } from './credential-rules.ts';
import { tokenMetadata } from './token-members.ts';

/** What is registered of a client; its phases and not-before mark belong to `rollout`. */
export type ClientSettings = Omit<Client, 'phases' | 'notBefore'>;

/** A client entry that keeps every rule that concerns it alone. */
export interface ClientRegistration {
  readonly settings: ClientSettings;
  /** The phase at creation; not applied to a client that exists. */
  readonly phase: Phase;
  readonly path: Path;
}

/** What a document asks for, and every problem that was found on the way. */
export interface Registrations {
  readonly vendors: readonly { readonly vendor: Vendor; readonly path: Path }[];
  readonly clients: readonly ClientRegistration[];
  readonly problems: readonly Problem[];
  /** What is in order but will not do what its writer may expect. */
  readonly warnings: readonly Problem[];
  /** Adds the line of the document to a problem that is found later. */
  readonly located?: (problem: Problem) => Problem;
}

/** Reads a whole document (`vendors: [...]`, design section 7); never throws for what is in it. */
export function readRegistrations(document: unknown, sources: SecretSources): Registrations {
  if (!isObject(document) || !Array.isArray(document['vendors'])) {
    const wrong = 'is not a document of vendors';
    return { ...EMPTY, problems: [{ path: [], wrong, right: 'begin it with "vendors:"' }] };
  }
  const strangers = Object.keys(document)
    .filter((name) => name !== 'vendors')
    .map((name) => unknownMember(name, [name], ['vendors']));
  const parts = document['vendors'].map((value: unknown, position) =>
    readVendorWithClients(value, ['vendors', position], sources),
  );
  return {
    vendors: parts.flatMap((part) => part.vendors),
    clients: parts.flatMap((part) => part.clients),
    problems: [...strangers, ...parts.flatMap((part) => part.problems)],
    warnings: parts.flatMap((part) => part.warnings),
  };
}

/** Registers one client of a vendor from its entry. */
export function readRegistration(
  value: unknown,
  vendor: Vendor,
  path: Path,
  sources: SecretSources,
): Registrations {
  const { entry, problems } = readClient(value, path);
  if (entry === undefined) return { ...EMPTY, problems };
  return register(entry, vendor, path, sources);
}

/** The vendor that an entry describes. */
export function vendorOf(entry: VendorEntry): Vendor {
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    contacts: entry.contacts,
    policyUri: entry.policy_uri,
    oneSector: entry.one_sector,
    allowedSubjectTypes: entry.allowed_subject_types,
    notice: entry.notice,
    disconnect: entry.disconnect,
  };
}

const EMPTY: Registrations = { vendors: [], clients: [], problems: [], warnings: [] };

function readVendorWithClients(value: unknown, path: Path, sources: SecretSources): Registrations {
  const { clients: values = [], ...own } = isObject(value) ? value : {};
  const { entry, problems } = readVendor(isObject(value) ? own : value, path);
  if (!Array.isArray(values)) {
    const wrong = 'has the wrong type';
    const stray = { path: [...path, 'clients'], wrong, right: 'give a list' };
    return { ...EMPTY, problems: [...problems, stray] };
  }
  // A vendor with a mistake still has its clients read, so that all mistakes come out together.
  const vendor = vendorOf(entry ?? { ...FALLBACK, one_sector: own['one_sector'] === true });
  const clients = values.map((client: unknown, position) =>
    readRegistration(client, vendor, [...path, 'clients', position], sources),
  );
  return {
    vendors: entry === undefined ? [] : [{ vendor, path }],
    clients: entry === undefined ? [] : clients.flatMap((part) => part.clients),
    problems: [...problems, ...clients.flatMap((part) => part.problems)],
    warnings: clients.flatMap((part) => part.warnings),
  };
}

const FALLBACK: VendorEntry = {
  id: 'unnamed',
  contacts: [],
  one_sector: false,
  allowed_subject_types: ['pairwise'],
  notice: false,
  disconnect: 'new_subject',
};

function register(
  entry: ClientEntry,
  vendor: Vendor,
  path: Path,
  sources: SecretSources,
): Registrations {
  const own = readSecret(entry, sources, path);
  const above = readSecret(entry.upstream ?? {}, sources, [...path, 'upstream']);
  const header = readEventsHeader(entry.events ?? {}, sources, [...path, 'events']);
  const sector = sectorOfEntry(entry, vendor, path);
  const problems = [
    ...own.problems,
    ...above.problems,
    ...header.problems,
    ...credentialProblems(
      entry,
      {
        own: { secret: own.secret, isBroken: own.problems.length > 0 },
        upstream: { secret: above.secret, isBroken: above.problems.length > 0 },
      },
      path,
    ),
    ...(typeof sector === 'string' ? [] : [sector]),
  ];
  if (problems.length > 0 || typeof sector !== 'string') return { ...EMPTY, problems };
  const hasSecret = usesSecret(entry.token_endpoint_auth_method);
  const isJudgedHere = entry.upstream !== undefined || isResourceServerOnly({ metadata: entry });
  const settings: ClientSettings = {
    clientId: entry.client_id,
    vendorId: vendor.id,
    sector,
    subjectType: entry.subject_type,
    metadata: metadataOf(entry),
    clientSecret: isJudgedHere && hasSecret ? own.secret : undefined,
    eventsAuthorization: header.secret,
    upstream: entry.upstream && {
      clientId: entry.upstream.client_id,
      clientSecret: above.secret,
      ...(entry.upstream.token_endpoint_auth_method !== undefined && {
        authenticationMethod: entry.upstream.token_endpoint_auth_method,
      }),
      shared: entry.upstream.shared,
    },
    acceptBypass: entry.accept_bypass,
    releaseClaims: entry.release_claims,
    frontChannel: entry.front_channel,
    continuityDays: entry.continuity_days,
  };
  const phase = entry.phase ?? entry.subject_type;
  const warnings = own.secret !== undefined && !isJudgedHere ? unused(path) : [];
  return { ...EMPTY, clients: [{ settings, phase, path }], warnings };
}

function unused(path: Path): readonly Problem[] {
  return [
    {
      path: [...path, 'client_secret'],
      wrong: 'is not used: without "upstream", the vendor authenticates at the upstream itself',
      right: 'leave it out, or add "upstream" with a credential that the vendor does not have',
    },
  ];
}

/** What an operator can do about a client without a sector. */
export const SECTOR_REMEDY =
  'or assign a sector (sector: name), or set one_sector: true at the vendor';

function sectorOfEntry(entry: ClientEntry, vendor: Vendor, path: Path): string | Problem {
  const result = sectorOf({
    clientId: entry.client_id,
    subjectType: entry.subject_type,
    applicationType: entry.application_type,
    redirectUris: entry.redirect_uris,
    sectorIdentifierUri: entry.sector_identifier_uri,
    assigned: entry.sector,
    withoutRedirectUris: entry.resource_server !== undefined || lacksCodeFlow(entry.grant_types),
    vendorSector: vendor.oneSector ? vendorSector(vendor.id) : undefined,
  });
  if (result.ok) return result.value;
  const member = (['sector', 'sector_identifier_uri'] as const).find((name) => entry[name]);
  return {
    path: [...path, member ?? 'redirect_uris'],
    wrong: result.message,
    right: SECTOR_REMEDY,
  };
}

function metadataOf(entry: ClientEntry): ClientMetadata {
  return {
    client_name: entry.client_name,
    application_type: entry.application_type,
    redirect_uris: entry.redirect_uris,
    post_logout_redirect_uris: entry.post_logout_redirect_uris,
    ...logoutMetadataOf(entry),
    token_endpoint_auth_method: entry.token_endpoint_auth_method,
    token_endpoint_auth_signing_alg: entry.token_endpoint_auth_signing_alg,
    jwks: entry.jwks,
    jwks_uri: entry.jwks_uri,
    request_object_signing_alg: entry.request_object_signing_alg,
    require_signed_request_object: entry.require_signed_request_object,
    require_pushed_authorization_requests: entry.require_pushed_authorization_requests,
    id_token_signed_response_alg: entry.id_token_signed_response_alg,
    authorization_signed_response_alg:
      entry.authorization_signed_response_alg ?? entry.id_token_signed_response_alg,
    response_types: entry.response_types,
    grant_types: entry.grant_types,
    scope: entry.scope,
    require_auth_time: entry.require_auth_time,
    introspection_signed_response_alg: entry.introspection_signed_response_alg,
    resource_server: entry.resource_server,
    internal_apis: entry.internal_apis,
    ...tokenMetadata(entry),
    login_hint: entry.login_hint,
    relay_email_domain: entry.relay_email_domain,
    dpop_bound_access_tokens: entry.dpop_bound_access_tokens,
    require_dpop_nonce: entry.require_dpop_nonce,
    sector_identifier_uri: entry.sector_identifier_uri,
    backchannel_token_delivery_mode: entry.backchannel_token_delivery_mode,
    migration: entry.migration,
    events: eventDeliveryOf(entry.events),
  };
}
