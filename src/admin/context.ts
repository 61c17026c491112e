import type { By } from '../audit/by.ts';
import type { MasterKeys } from '../database/keyring.ts';
import type { AdminScope } from '../operations/admin-tokens.ts';
import type { LogLevelControl } from '../operations/change-log-level.ts';
import type { DerivationContext } from '../operations/import-settings.ts';
import type { RegistryContext } from '../operations/registry-context.ts';

/** What the operations behind the API work with. */
export interface AdminContext extends DerivationContext, RegistryContext {
  readonly masterKeys: MasterKeys;
  readonly logLevel: LogLevelControl;
}

/** Whoever presented a good token, or is logged in at the dashboard. */
export interface Caller {
  /** Of the token, or of who is logged in at the dashboard. */
  readonly name: string;
  /** As the audit log calls them: `token:NAME` or `dashboard:NAME`. */
  readonly actor: string;
  readonly scopes: readonly AdminScope[];
  /** Undefined: `ADMIN_TOKEN`, which holds while it is configured. */
  readonly expiresAt: Date | undefined;
}

/** Who does it, for the audit log. */
export function byCaller(caller: Caller, requestId: string, reason: string | undefined): By {
  return { actor: caller.actor, requestId, ...(reason !== undefined && { reason }) };
}
