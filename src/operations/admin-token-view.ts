import type { AdminToken } from './admin-tokens.ts';

/** A token for the admin API as it is shown. */
export function adminTokenView(token: AdminToken): Readonly<Record<string, unknown>> {
  const { name, scopes, createdAt, expiresAt, revokedAt, lastUsed } = token;
  return {
    ...{ name, scopes, created_at: createdAt, expires_at: expiresAt },
    ...{ revoked_at: revokedAt ?? null, last_used: lastUsed ?? null },
  };
}
