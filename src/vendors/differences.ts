import type { Vendor } from './client.ts';
import type { ClientSettings } from './registration.ts';

/** The members of a vendor entry that differ, under their names in the document. */
export function vendorDifferences(from: Vendor, to: Vendor): readonly string[] {
  return differing(vendorMembers(from), vendorMembers(to));
}

/** The members of a client entry that differ, under their names in the document; never their values. */
export function clientDifferences(from: ClientSettings, to: ClientSettings): readonly string[] {
  return differing(clientMembers(from), clientMembers(to));
}

function vendorMembers(vendor: Vendor): Record<string, unknown> {
  return {
    name: vendor.name,
    contacts: vendor.contacts,
    policy_uri: vendor.policyUri,
    one_sector: vendor.oneSector,
    allowed_subject_types: vendor.allowedSubjectTypes,
    notice: vendor.notice,
    disconnect: vendor.disconnect,
  };
}

function clientMembers(client: ClientSettings): Record<string, unknown> {
  return {
    ...client.metadata,
    sector: client.sector,
    subject_type: client.subjectType,
    client_secret: client.clientSecret,
    'events.authorization_header': client.eventsAuthorization,
    'upstream.client_id': client.upstream?.clientId,
    'upstream.client_secret': client.upstream?.clientSecret,
    'upstream.token_endpoint_auth_method': client.upstream?.authenticationMethod,
    'upstream.shared': client.upstream?.shared,
    accept_bypass: client.acceptBypass,
    release_claims: client.releaseClaims,
    front_channel: client.frontChannel,
    continuity_days: client.continuityDays,
  };
}

function differing(from: Record<string, unknown>, to: Record<string, unknown>): readonly string[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].filter((name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]));
}
