import { createHash, randomBytes } from 'node:crypto';

import { z } from 'zod';

import { appendAudit } from '../audit/store.ts';
import { accountIndex } from '../database/account-sessions.ts';
import { inTransaction } from '../database/connection.ts';
import { putNamed, readReference, takeReference } from '../database/references.ts';
import { ADMIN_SCOPES, ENVIRONMENT_TOKEN, type AdminScope } from './admin-tokens.ts';
import type { OperationContext } from './context.ts';

/** What somebody at the dashboard may do, as the scopes of the admin API say it. */
export const DASHBOARD_ROLES = {
  viewer: ['read'],
  operator: ['read', 'operate'],
  privacy: ['read', 'privacy'],
} as const satisfies Readonly<Record<string, readonly AdminScope[]>>;

export type DashboardRole = keyof typeof DASHBOARD_ROLES;

/** Whoever is logged in at the dashboard. */
export type DashboardUser =
  | {
      readonly kind: 'provider';
      /** Their `sub` at the provider. */
      readonly name: string;
      readonly roles: readonly DashboardRole[];
    }
  | {
      readonly kind: 'token';
      /** What `ADMIN_TOKEN` was: another one ends the session. */
      readonly token: string;
    };

/** A session that is good now. */
export interface DashboardSession {
  readonly name: string;
  /** As in the audit log. */
  readonly actor: string;
  readonly scopes: readonly AdminScope[];
}

/** Seconds for which somebody stays logged in: by the provider, and by `ADMIN_TOKEN`. */
export const SESSION_SECONDS = { provider: 4 * 3600, token: 3600 } as const;

const PURPOSE = 'dashboard_session';

const contents = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('provider'),
    name: z.string(),
    roles: z.array(z.enum(Object.keys(DASHBOARD_ROLES) as [DashboardRole, ...DashboardRole[]])),
  }),
  z.object({ kind: z.literal('token'), token: z.string() }),
]);

type SessionContext = Pick<OperationContext, 'db' | 'atRest' | 'keyring' | 'clock'>;

/**
 * Begins a session, which is told to the audit log. Its row holds a hash of the reference, and
 * who it is in ciphertext; erasing the user ends it.
 *
 * @returns the reference, 43 characters of base64url: to be kept in a cookie
 * @throws Refusal `database_unavailable`
 */
export async function beginDashboardSession(
  { db, atRest, keyring, clock }: SessionContext,
  user: DashboardUser,
  requestId: string,
): Promise<string> {
  const now = clock();
  const reference = randomBytes(32).toString('base64url');
  const sealed = atRest.seal(placeOf(reference), Buffer.from(JSON.stringify(user)));
  const expiresAt = new Date(now.getTime() + SESSION_SECONDS[user.kind] * 1000);
  const index = user.kind === 'provider' ? accountIndex(keyring.index, user.name) : undefined;
  const roles = user.kind === 'provider' ? user.roles.join(' ') : 'all';
  await putNamed(db, PURPOSE, reference, sealed, expiresAt, index);
  const { actor } = sessionOf(user);
  await inTransaction(db, (trx) => {
    const by = { actor, requestId, details: { roles } };
    return appendAudit(trx, { ...by, act: 'dashboard.logged_in', target: 'dashboard' }, now);
  });
  return reference;
}

/**
 * The session behind a reference, while it lasts.
 *
 * @param adminToken `ADMIN_TOKEN`, without which a session that it opened is over
 * @throws Refusal `database_unavailable`
 */
export async function findDashboardSession(
  { db, atRest, clock }: SessionContext,
  reference: string,
  adminToken: string | undefined,
): Promise<DashboardSession | undefined> {
  const sealed = await readReference(db, PURPOSE, reference, clock());
  if (sealed === undefined) return undefined;
  const opened = atRest.open(placeOf(reference), sealed).toString('utf8');
  const user = contents.parse(JSON.parse(opened));
  if (user.kind === 'token' && user.token !== adminToken) return undefined;
  return sessionOf(user);
}

/** Ends a session, in every replica; one that is over already adds nothing to the log. */
export async function endDashboardSession(
  { db, clock }: SessionContext,
  reference: string,
  { actor }: Pick<DashboardSession, 'actor'>,
  requestId: string,
): Promise<void> {
  const now = clock();
  if ((await takeReference(db, PURPOSE, reference, now)) === undefined) return;
  await inTransaction(db, (trx) => {
    const entry = { actor, requestId, act: 'dashboard.logged_out', target: 'dashboard' } as const;
    return appendAudit(trx, entry, now);
  });
}

/** Records that somebody logged in at the provider who has no role here; any user may, so not who. */
export async function refuseDashboardUser(
  { db, clock }: Pick<SessionContext, 'db' | 'clock'>,
  requestId: string,
): Promise<void> {
  await inTransaction(db, (trx) => {
    const entry = {
      actor: 'user',
      requestId,
      act: 'dashboard.refused',
      target: 'dashboard',
    } as const;
    return appendAudit(trx, entry, clock());
  });
}

function sessionOf(user: DashboardUser): DashboardSession {
  if (user.kind === 'token') {
    // Who has ADMIN_TOKEN may as well use the API: one actor, and so one limit of lookups.
    return {
      name: ENVIRONMENT_TOKEN,
      actor: `token:${ENVIRONMENT_TOKEN}`,
      scopes: ADMIN_SCOPES,
    };
  }
  const { name, roles } = user;
  const held = new Set<AdminScope>(roles.flatMap((role) => DASHBOARD_ROLES[role]));
  return { name, actor: actorOf(name), scopes: ADMIN_SCOPES.filter((scope) => held.has(scope)) };
}

/** The column takes 255 bytes, as many as a subject may have by itself. */
function actorOf(name: string): string {
  const actor = `dashboard:${name}`;
  if (Buffer.byteLength(actor) <= 255) return actor;
  return `dashboard:sha256:${createHash('sha256').update(name).digest('base64url')}`;
}

function placeOf(reference: string) {
  const row = createHash('sha256').update(reference).digest('base64url');
  return { table: 'sealed_references', column: 'dashboard_session', row };
}
