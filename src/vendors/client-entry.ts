import { sectorOf, vendorSector } from '../subjects/sector.ts';
import type { Client, Vendor } from './client.ts';

/**
 * A stored client as the entry that would register it (design section 7), with
 * its secrets: for changing some members of it, never for showing. The sector
 * stands in it only where it was assigned, since only then no rule yields it.
 */
export function clientEntryOf(client: Client, vendor: Vendor): Readonly<Record<string, unknown>> {
  const { metadata, upstream } = client;
  return withoutUndefined({
    client_id: client.clientId,
    client_secret: client.clientSecret,
    ...metadata,
    events:
      metadata.events &&
      withoutUndefined({ ...metadata.events, authorization_header: client.eventsAuthorization }),
    upstream:
      upstream &&
      withoutUndefined({
        client_id: upstream.clientId,
        client_secret: upstream.clientSecret,
        token_endpoint_auth_method: upstream.authenticationMethod,
        shared: upstream.shared,
      }),
    subject_type: client.subjectType,
    sector: assignedSector(client, vendor),
    phase: client.phases.at(-1)?.phase,
    accept_bypass: client.acceptBypass,
    release_claims: client.releaseClaims,
    front_channel: client.frontChannel,
    continuity_days: client.continuityDays,
  });
}

function assignedSector(client: Client, vendor: Vendor): string | undefined {
  const { metadata } = client;
  const computed = sectorOf({
    clientId: client.clientId,
    subjectType: client.subjectType,
    applicationType: metadata.application_type,
    redirectUris: metadata.redirect_uris,
    sectorIdentifierUri: metadata.sector_identifier_uri,
    vendorSector: vendor.oneSector ? vendorSector(vendor.id) : undefined,
  });
  if (computed.ok && computed.value === client.sector) return undefined;
  return sectorOf({
    clientId: client.clientId,
    subjectType: client.subjectType,
    applicationType: metadata.application_type,
    redirectUris: metadata.redirect_uris,
    assigned: client.sector,
  }).ok
    ? client.sector
    : undefined;
}

function withoutUndefined(entry: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}
