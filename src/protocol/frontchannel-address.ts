import { sidFor } from '../tokens/derived.ts';
import type { RelayAnswer } from '../upstream/relay.ts';
import type { Client } from '../vendors/client.ts';
import { appendedQuery } from './appended-query.ts';

/** A vendor's front-channel logout address with `iss` and `sid` (Front-Channel Logout 3), both ours. */
export function frontChannelAddress(uri: string, issuer: string, sid: string): string {
  return appendedQuery(uri, { iss: issuer, sid });
}

/** What frames of the upstream's own logout page are turned with. */
export interface RelayedFrameParts {
  readonly issuer: string;
  readonly clients: { clients(): readonly Client[] };
  /** The keyring's `claims`. */
  readonly claimsRoot: Uint8Array;
}

/**
 * A front-channel logout that the upstream's page shows to a vendor itself, with our `iss`
 * and `sid` in place of its own. Undefined: the address is no vendor's.
 */
export function relayedFrame(parts: RelayedFrameParts, url: URL): RelayAnswer | undefined {
  const owners = parts.clients
    .clients()
    .filter(({ metadata }) => isAt(url, metadata.frontchannel_logout_uri));
  const [owner] = owners;
  const uri = owner?.metadata.frontchannel_logout_uri;
  if (owner === undefined || uri === undefined) return undefined;
  const [sid, ...more] = url.searchParams.getAll('sid');
  if (sid === undefined) return { kind: 'redirect', location: uri };
  if (more.length > 0 || owners.some(({ sector }) => sector !== owner.sector)) {
    return { kind: 'blocked', reason: 'relay_blocked', detail: 'whose session it is, is unclear' };
  }
  const ours = sidFor(parts.claimsRoot, owner.sector, sid);
  return { kind: 'redirect', location: frontChannelAddress(uri, parts.issuer, ours) };
}

function isAt(url: URL, uri: string | undefined): boolean {
  const expected = uri === undefined ? null : URL.parse(uri);
  return (
    expected !== null &&
    url.origin === expected.origin &&
    url.pathname === expected.pathname &&
    [...expected.searchParams].every(([name, value]) =>
      url.searchParams.getAll(name).includes(value),
    )
  );
}
