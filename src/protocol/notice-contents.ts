import { createHash } from 'node:crypto';

import type { Told } from '../grants/notices.ts';
import { baseName, releasedNames, SCOPE_CLAIMS } from '../tokens/released-names.ts';
import type { Client, Vendor } from '../vendors/client.ts';
import type { Mode } from '../vendors/phase.ts';
import { newestPhase } from '../vendors/phase.ts';
import { words } from './parameters.ts';
import type { Transaction } from './transaction.ts';

/** The user gets the identifier that other vendors may know, and not one of this vendor's own. */
export const SHARED_IDENTIFIER = 'identifier:shared';

/** The vendor may come back for more while its user is away (OpenID Connect Core 11). */
export const OFFLINE = 'offline_access';

/** The vendor gets an address of its own, and not the user's. */
export const RELAY_EMAIL = 'email:relay';

/** What a notice says that a vendor gets. */
export interface NoticeSubject {
  readonly client: Pick<Client, 'releaseClaims'> & {
    readonly metadata: Pick<Client['metadata'], 'relay_email_domain' | 'require_auth_time'>;
  };
  readonly vendor: Pick<Vendor, 'policyUri'>;
  /** What this user of the client is served as. */
  readonly mode: Mode;
  readonly transaction: Pick<Transaction, 'scope' | 'maxAge' | 'authTimeRequested'>;
}

/**
 * Everything that a login may release, by name: never less than what leaves. A pairwise client's
 * release policy is the limit whatever the scope, since providers send claims unasked; for the
 * others the scope is.
 */
export function noticeContents({ client, vendor, mode, transaction }: NoticeSubject): Told {
  const { maxAge, authTimeRequested } = transaction;
  const scopes = words(transaction.scope);
  const timed = maxAge !== undefined || authTimeRequested || client.metadata.require_auth_time;
  const items = [
    ...(mode === 'pairwise' ? byPolicy(client) : byScope(scopes)),
    ...(timed ? ['claim:auth_time'] : []),
    ...(scopes.includes('offline_access') ? [OFFLINE] : []),
  ];
  return { items: [...new Set(items)].sort(), policyUri: vendor.policyUri };
}

function byPolicy({ releaseClaims, metadata }: NoticeSubject['client']): readonly string[] {
  const names = [...releasedNames(releaseClaims)]
    .filter(([, as]) => metadata.relay_email_domain === undefined || !isEmail(as))
    .map(([name]) => `claim:${baseName(name)}`);
  return metadata.relay_email_domain === undefined ? names : [...names, RELAY_EMAIL];
}

function isEmail(name: string): boolean {
  return /^email(_verified)?$/.test(baseName(name));
}

function byScope(scopes: readonly string[]): readonly string[] {
  const further = scopes.filter((scope) => !['openid', 'offline_access'].includes(scope));
  return [
    SHARED_IDENTIFIER,
    ...further.flatMap((scope) => {
      const claims = SCOPE_CLAIMS.get(scope);
      return claims?.map((claim) => `claim:${claim}`) ?? [`scope:${scope}`];
    }),
  ];
}

/** The same for somebody who is not known yet: all that any login of the client may release. */
export function widestContents(client: Client, vendor: Vendor): Told {
  const { phase, percent, pilotUsers } = newestPhase(client);
  const isNarrowed = percent !== undefined || pilotUsers.length > 0;
  const mode = isNarrowed ? 'shadow' : phase;
  const { scope } = client.metadata;
  const transaction = { scope, maxAge: undefined, authTimeRequested: false };
  return noticeContents({ client, vendor, mode, transaction });
}

/** Whether a user has been told of all this already. */
export function coveredBy(contents: Told, told: Told | undefined): boolean {
  if (told === undefined || told.policyUri !== contents.policyUri) return false;
  return contents.items.every((item) => told.items.includes(item));
}

/** What a user knows after going on: all that was told under the same privacy policy. */
export function toldTogether(contents: Told, told: Told | undefined): Told {
  if (told === undefined || told.policyUri !== contents.policyUri) return contents;
  return { ...contents, items: [...new Set([...told.items, ...contents.items])].sort() };
}

/** Tells one notice from another; it says nothing of the user. */
export function noticeVersion({ items, policyUri }: Told): string {
  return createHash('sha256')
    .update(JSON.stringify([items, policyUri ?? null]))
    .digest('base64url');
}
