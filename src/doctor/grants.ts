import { upstreamGrants } from '../upstream/grant-types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { grantsOfUpstream } from '../vendors/upstream-grants.ts';
import { problem, type Finding } from './finding.ts';

/** Grant types that a client is registered for, and that nobody can give it. */
export function grantFindings(client: Client, metadata: UpstreamMetadata): readonly Finding[] {
  const offered = upstreamGrants(metadata);
  const lacking = grantsOfUpstream(client.metadata.grant_types).filter(
    (grant) => !offered.includes(grant),
  );
  if (lacking.length === 0) return [];
  const message = `It is registered for what the upstream does not have: ${lacking.join(', ')}.`;
  const hint =
    'Take these out of its grant_types, or let the upstream offer them in its discovery document (CIBA by poll).';
  return [problem('grant_types', message, hint, client.clientId)];
}
