import { createHash } from 'node:crypto';

import type { Vendor } from './client.ts';

/** Names the state of a vendor that a later change is based on; any other state is named otherwise. */
export function vendorState(vendor: Vendor): string {
  const { id, name, contacts, policyUri, oneSector, allowedSubjectTypes } = vendor;
  const { notice, disconnect } = vendor;
  const all = [
    ...[id, name, contacts, policyUri ?? null, oneSector, allowedSubjectTypes],
    ...[notice, disconnect],
  ];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64url').slice(0, 22);
}
