import { z } from 'zod';

/** How a vendor that knows its users by the original subject comes to pairwise ones. */
const MIGRATION_MODES = ['switch', 'preserve', 'dual'] as const;

/** The way of a client from `public` to `pairwise`. */
export type MigrationPolicy =
  /** New subjects; the vendor is handed the mapping. */
  | { readonly mode: 'switch' }
  /** Users whom the vendor has keep the original subject as their pseudonym. */
  | { readonly mode: 'preserve' }
  /** The original subject goes along in a claim, for a while. */
  | DualMigration;

/** A deliberate release of the original subject, which ends by itself. */
export interface DualMigration {
  readonly mode: 'dual';
  readonly claim: string;
  /** `YYYY-MM-DD` (the day begins in UTC), or an instant (RFC 3339). */
  readonly until: string;
}

const claim = z.string().regex(/^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$/);

/** Names that something else has in a token (RFC 7519 4.1, OpenID Connect Core 2 and 5.1). */
const TAKEN: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'azp', 'at_hash', 'c_hash'],
  ...['s_hash', 'auth_time', 'acr', 'amr', 'sid', 'act', 'may_act', 'cnf', 'events', 'sub_id'],
  ...['email', 'email_verified', 'client_id'],
]);

/** The member `migration` of a client entry. */
export const migrationEntry = z
  .strictObject({
    mode: z.enum(MIGRATION_MODES),
    claim: z.string().optional(),
    until: z.string().optional(),
  })
  .superRefine((value, context) => {
    const refuse = (path: 'claim' | 'until', wrong: string, right: string): void => {
      context.addIssue({ code: 'custom', message: wrong, params: { right }, path: [path] });
    };
    for (const path of ['claim', 'until'] as const) {
      const isGiven = value[path] !== undefined;
      if (value.mode === 'dual' && !isGiven) {
        const right =
          path === 'until'
            ? 'name the day on which the original subject leaves no more, as 2027-06-30'
            : 'name the claim that the original subject stands in, as legacy_sub';
        refuse(path, 'is missing: mode dual releases the original subject', right);
      }
      if (value.mode !== 'dual' && isGiven) {
        refuse(path, `is not used in mode ${value.mode}`, 'leave it out, or use mode: dual');
      }
    }
    if (value.mode !== 'dual') return;
    if (
      value.claim !== undefined &&
      (!claim.safeParse(value.claim).success || TAKEN.has(value.claim))
    ) {
      refuse('claim', 'is no name for a claim of its own', 'choose another, as legacy_sub');
    }
    if (value.until !== undefined && !isDate(value.until)) {
      refuse('until', 'is no date', 'write it as 2027-06-30, or as 2027-06-30T12:00:00Z');
    }
  })
  .transform(({ mode, claim: name, until }): MigrationPolicy => {
    // Without both, the refinement above has refused it already.
    return mode === 'dual' ? { mode, claim: name ?? '', until: until ?? '' } : { mode };
  });

function isDate(value: string): boolean {
  return z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(value).success;
}

/** When a client stops being shown original subjects. */
export function endOfDual({ until }: DualMigration): Date {
  return new Date(until);
}

interface MigratingEntry {
  readonly migration?: MigrationPolicy | undefined;
  readonly subject_type: string;
  readonly release_claims: readonly string[];
}

/** What is wrong with a migration beside the client's other members. */
export function migrationProblems({ migration, ...entry }: MigratingEntry) {
  if (migration === undefined) return [];
  if (entry.subject_type === 'public') {
    const wrong = 'is not possible: the client stays with original subjects for ever';
    return [{ member: 'migration', wrong, right: 'leave it out, or use subject_type: pairwise' }];
  }
  if (migration.mode === 'dual' && entry.release_claims.includes(migration.claim)) {
    const wrong = `names the claim "${migration.claim}", which release_claims names too`;
    return [{ member: 'migration', wrong, right: 'choose another name' }];
  }
  return [];
}
