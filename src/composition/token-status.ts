import type { AtRest } from '../database/at-rest.ts';
import type { Connection } from '../database/connection.ts';
import { revokeGrant } from '../database/sessions.ts';
import type { ClientAuthenticationParts } from '../protocol/client-authentication.ts';
import { introspectionEndpoint } from '../protocol/introspect.ts';
import type { Endpoint } from '../protocol/message.ts';
import { revocationEndpoint } from '../protocol/revoke.ts';
import type { IssueParts } from '../protocol/token-issue.ts';
import { KnownSubjects } from '../subjects/known.ts';
import type { Registry } from '../vendors/registry.ts';

/** What introspection and revocation are wired from. */
export interface TokenStatusOptions {
  readonly db: Connection;
  readonly atRest: AtRest;
  /** The root of the blind indexes. */
  readonly indexRoot: Uint8Array;
  readonly issue: IssueParts;
  readonly registry: Registry;
  readonly authentication: ClientAuthenticationParts;
  readonly publicKeys: () => readonly object[];
}

/** Wires introspection and revocation. */
export function composeTokenStatus(options: TokenStatusOptions): {
  readonly introspect: Endpoint;
  readonly revoke: Endpoint;
} {
  const { db, atRest, indexRoot, issue, registry, authentication, publicKeys } = options;
  const parts = { ...issue, registry, authentication, publicKeys };
  return {
    introspect: introspectionEndpoint({
      ...parts,
      known: new KnownSubjects({ db, atRest, indexRoot, clock: issue.clock, registry }),
    }),
    revoke: revocationEndpoint({
      ...parts,
      grants: {
        get reachable() {
          return registry.databaseUp;
        },
        revoke: async (grantId, at) => {
          await revokeGrant(db, grantId, at);
          await registry.refresh();
        },
      },
    }),
  };
}
