import type { InternalApi } from '../config/types.ts';
import { holdsEndpoint } from '../upstream/internal-api.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** Which clients reach which internal APIs with the upstream's tokens, and what is in the way. */
export function internalApiFindings(
  apis: readonly InternalApi[],
  clients: readonly Client[],
  metadata: UpstreamMetadata | undefined,
): readonly Finding[] {
  return [
    ...apis.map((api) => apiFinding(api, clients, metadata)),
    ...clients.flatMap((client) => clientFinding(client, apis)),
  ];
}

function apiFinding(
  { name, address }: InternalApi,
  clients: readonly Client[],
  metadata: UpstreamMetadata | undefined,
): Finding {
  if (metadata !== undefined && holdsEndpoint(address, metadata)) {
    const message = `An endpoint of the upstream lies at ${address}, so "${name}" is refused to everybody.`;
    const hint = 'Name the API in INTERNAL_APIS by a path or host that the upstream does not have.';
    return problem('internal_apis', message, hint);
  }
  const users = clients
    .filter(({ metadata: { internal_apis: named } }) => named?.includes(name) === true)
    .map(({ clientId }) => clientId);
  const who = users.length === 0 ? 'nobody' : users.join(', ');
  const text = `"${name}" at ${address} gets the upstream's tokens from ${who}; what stands in its answers reaches the vendor.`;
  return ok('internal_apis', text);
}

function clientFinding({ clientId, metadata }: Client, apis: readonly InternalApi[]): Finding[] {
  const lacking = (metadata.internal_apis ?? []).filter(
    (named) => !apis.some(({ name }) => name === named),
  );
  if (lacking.length === 0) return [];
  const message = `It names internal APIs that INTERNAL_APIS lacks: ${lacking.join(', ')}.`;
  const hint = 'Add them to INTERNAL_APIS, or take them out of internal_apis.';
  return [warning('internal_apis', message, hint, clientId)];
}
