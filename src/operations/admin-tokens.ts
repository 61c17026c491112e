import { randomBytes } from 'node:crypto';

import type { By } from '../audit/by.ts';
import { appendAudit } from '../audit/store.ts';
import {
  endAdminToken,
  findAdminToken,
  insertAdminToken,
  markAdminTokenUsed,
  readAdminTokens,
  type AdminTokenRow,
} from '../database/admin-tokens.ts';
import { inTransaction, isUniqueViolation } from '../database/connection.ts';
import {
  ConflictError,
  RegistrationError,
  UnknownError,
  type Problem,
} from '../vendors/problem.ts';
import type { OperationContext } from './context.ts';

/** What a token may be used for: to look, to change, to see who is behind pseudonyms. */
export const ADMIN_SCOPES = ['read', 'operate', 'privacy'] as const;

export type AdminScope = (typeof ADMIN_SCOPES)[number];

/** A token for the admin API, as it is shown. */
export interface AdminToken {
  readonly name: string;
  readonly scopes: readonly AdminScope[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
  /** The day of its last use, as 2026-11-23. */
  readonly lastUsed: string | undefined;
}

/** A token that is wanted. */
export interface CreateAdminToken {
  /** Appears in the audit log as `token:NAME`, and is never given again. */
  readonly name: string;
  readonly scopes: readonly string[];
  /** Days until it expires, 1 to 366. */
  readonly days: number;
}

type TokenContext = Pick<OperationContext, 'db' | 'clock'>;

/** The name under which `ADMIN_TOKEN` of the environment acts. */
export const ENVIRONMENT_TOKEN = 'environment';

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;
const DAY = 86_400_000;

/**
 * Issues a token for the admin API. The token is in the answer and nowhere else.
 *
 * @throws RegistrationError, ConflictError where the name was used before
 */
export async function createAdminToken(
  { db, clock }: TokenContext,
  request: CreateAdminToken,
  by: By,
): Promise<AdminToken & { readonly token: string }> {
  const problems = problemsOf(request);
  if (problems.length > 0) throw new RegistrationError(problems);
  const { name, days } = request;
  const scopes = ADMIN_SCOPES.filter((scope) => request.scopes.includes(scope));
  const createdAt = clock();
  const expiresAt = new Date(createdAt.getTime() + days * DAY);
  const token = `ppa_${randomBytes(32).toString('base64url')}`;
  try {
    await inTransaction(db, async (trx) => {
      const row = { name, scopes: scopes.join(' '), createdAt, expiresAt };
      await insertAdminToken(trx, token, row);
      const details = { scopes: row.scopes, days };
      await appendAudit(
        trx,
        { ...by, act: 'admin_token.created', target: name, details },
        createdAt,
      );
    });
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new ConflictError(`A token named "${name}" exists, or existed: choose another name.`);
  }
  return { name, scopes, createdAt, expiresAt, revokedAt: undefined, lastUsed: undefined, token };
}

/** Every token for the admin API, by name; never what it is. */
export async function listAdminTokens({
  db,
}: Pick<TokenContext, 'db'>): Promise<readonly AdminToken[]> {
  return (await readAdminTokens(db)).map(shown);
}

/** Ends a token, at once and in every replica. Throws UnknownError. */
export async function revokeAdminToken(
  { db, clock }: TokenContext,
  name: string,
  by: By,
): Promise<void> {
  const at = clock();
  await inTransaction(db, async (trx) => {
    if (!(await endAdminToken(trx, name, at))) {
      throw new UnknownError(`There is no token "${name}" that could be used.`);
    }
    await appendAudit(trx, { ...by, act: 'admin_token.revoked', target: name }, at);
  });
}

/**
 * The token that somebody presented, if it is good now; the day of its use is noted.
 *
 * @throws Refusal `database_unavailable`
 */
export async function openAdminToken(
  { db, clock }: TokenContext,
  presented: string,
): Promise<AdminToken | undefined> {
  if (!/^ppa_[\w-]{43}$/.test(presented)) return undefined;
  const now = clock();
  const row = await findAdminToken(db, presented, now);
  if (row === undefined) return undefined;
  const today = Math.floor(now.getTime() / DAY);
  if (row.lastUsedDay !== today) await markAdminTokenUsed(db, row.name, today);
  return shown({ ...row, lastUsedDay: today });
}

function shown({ lastUsedDay, scopes, ...row }: AdminTokenRow): AdminToken {
  const given = scopes.split(' ');
  return {
    ...row,
    scopes: ADMIN_SCOPES.filter((scope) => given.includes(scope)),
    lastUsed:
      lastUsedDay === undefined
        ? undefined
        : new Date(lastUsedDay * DAY).toISOString().slice(0, 10),
  };
}

function problemsOf({ name, scopes, days }: CreateAdminToken): readonly Problem[] {
  const problems: Problem[] = [];
  if (!NAME.test(name) || name === ENVIRONMENT_TOKEN) {
    const right = 'use up to 64 of a-z, 0-9, ".", "_" and "-", as in "dashboard"';
    problems.push({ path: ['name'], wrong: 'cannot be the name of a token', right });
  }
  const isKnown = (scope: string): boolean => ADMIN_SCOPES.some((known) => known === scope);
  if (scopes.length === 0 || !scopes.every(isKnown)) {
    const wrong = scopes.length === 0 ? 'is empty' : 'holds an unknown scope';
    problems.push({ path: ['scopes'], wrong, right: `use ${ADMIN_SCOPES.join(', ')}` });
  }
  if (!Number.isInteger(days) || days < 1 || days > 366) {
    const wrong = 'is not a whole number in its range';
    problems.push({ path: ['days'], wrong, right: 'give 1 to 366' });
  }
  return problems;
}
