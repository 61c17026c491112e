import type { SubjectType } from '../vendors/client.ts';

/** What the sector of a client is computed from, at registration and never at login. */
export interface SectorInput {
  readonly clientId: string;
  readonly subjectType: SubjectType;
  readonly applicationType: 'web' | 'native';
  readonly redirectUris: readonly string[];
  readonly sectorIdentifierUri?: string | undefined;
  /** The sector that an operator gave the client; goes before everything else. */
  readonly assigned?: string | undefined;
  /** The sector of a vendor that chose one for all its clients ({@link vendorSector}). */
  readonly vendorSector?: string | undefined;
  /** Whether the client may be without redirect URIs: an API, or one without the code flow. */
  readonly withoutRedirectUris?: boolean | undefined;
}

/** The sector, or the error of a registration (OpenID Connect Registration 3.3). */
export type SectorResult =
  | { readonly ok: true; readonly value: string }
  | {
      readonly ok: false;
      readonly error: 'invalid_client_metadata';
      readonly message: string;
    };

const MAXIMUM_BYTES = 255;
const ASSIGNED = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const OWN_PREFIXES = ['client:', 'vendor:'];
const LOOPBACK_HOST = /^(?:localhost|127\.[0-9.]+|\[::1\])$/;
const DIFFERENT_HOSTS =
  'sector_identifier_uri is required when using pairwise subject type with multiple redirect URIs from different hosts';

/** The sector shared by all clients of a vendor with `one_sector: true`. */
export function vendorSector(vendorId: string): string {
  return `vendor:${vendorId}`;
}

/**
 * The sector of a client (OpenID Connect Core 8.1): what the operator assigned,
 * else the vendor's one sector, else the host (with its port) of
 * `sector_identifier_uri`, else the host that all redirect URIs share. Clients
 * without such a host are a sector of their own if they are native or `public`,
 * and those that need no redirect URI if they have none.
 */
export function sectorOf(input: SectorInput): SectorResult {
  if (input.assigned !== undefined) return assignedSector(input.assigned);
  if (input.vendorSector !== undefined) return sector(input.vendorSector);
  if (input.sectorIdentifierUri !== undefined) return fromIdentifierUri(input.sectorIdentifierUri);
  return fromRedirectUris(input);
}

function assignedSector(name: string): SectorResult {
  if (looksOwn(name)) {
    return invalid(`sector must not begin with ${OWN_PREFIXES.join(' or ')}`);
  }
  if (!ASSIGNED.test(name)) {
    return invalid(
      'sector must be lower-case letters, digits, ".", "_" and "-", optionally with a port, as in "acme" or "app.example.com:8443"',
    );
  }
  return sector(name);
}

function fromIdentifierUri(uri: string): SectorResult {
  const url = URL.parse(uri);
  if (url?.protocol !== 'https:') return invalid('sector_identifier_uri must be an https URL');
  return hostSector(url.host);
}

function fromRedirectUris(input: SectorInput): SectorResult {
  if (input.redirectUris.length === 0 && input.withoutRedirectUris === true) {
    return sector(`client:${input.clientId}`);
  }
  if (input.redirectUris.length === 0) {
    return invalid(
      'redirect_uris must hold at least one URI when there is no sector_identifier_uri',
    );
  }
  const hosts = new Set<string | undefined>();
  for (const uri of input.redirectUris) {
    const url = URL.parse(uri);
    if (url === null) return invalid('redirect_uris must hold absolute URIs only');
    hosts.add(hostThatCounts(url, input.applicationType));
  }
  const [host, ...others] = hosts;
  if (others.length === 0 && host !== undefined) return hostSector(host);
  if (others.length === 0 || input.subjectType === 'public') {
    return sector(`client:${input.clientId}`);
  }
  return invalid(DIFFERENT_HOSTS);
}

// On a user's device, hosts and schemes belong to nobody: any vendor's app can name the same.
function hostThatCounts(url: URL, applicationType: 'web' | 'native'): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (applicationType === 'native' && LOOPBACK_HOST.test(url.hostname)) return undefined;
  return url.host;
}

// A host called "client" with the port 8080 reads like the own sector of the client "8080".
function hostSector(host: string): SectorResult {
  if (looksOwn(host)) {
    return invalid(`the host ${host} reads like a sector of the proxy's own: assign a sector`);
  }
  return sector(host);
}

function looksOwn(name: string): boolean {
  return OWN_PREFIXES.some((prefix) => name.toLowerCase().startsWith(prefix));
}

function sector(value: string): SectorResult {
  if (Buffer.byteLength(value) > MAXIMUM_BYTES) {
    return invalid(`the sector is longer than ${MAXIMUM_BYTES} bytes: assign a shorter one`);
  }
  return { ok: true, value };
}

function invalid(message: string): SectorResult {
  return { ok: false, error: 'invalid_client_metadata', message };
}
