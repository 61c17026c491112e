import type { Result } from '../result.ts';
import type { Client } from '../vendors/client.ts';
import type { HintParts } from './hints.ts';

/** What finds the local subject behind a hint. */
export interface HintedUserParts extends HintParts {
  readonly localSubjects: {
    /** The local subject behind a pseudonym of a sector. */
    lookup(sector: string, sub: string): Promise<string | undefined>;
    indexOf(client: Client, localSubject: string): Result<Uint8Array>;
  };
}

/** A user whom a client may ask for. */
export interface HintedUser {
  /** For the upstream alone. */
  readonly localSubject: string;
  /** User index, base64url. */
  readonly user: string;
}

/**
 * The user whom a client names by its own subject (design section 4, Hints): in
 * an ID token of ours, or bare. Whatever else it sends names nobody.
 */
export async function hintedUser(
  { subjectOfHint, subjects, localSubjects }: HintedUserParts,
  client: Client,
  hint: { readonly idToken: string } | { readonly subject: string },
): Promise<HintedUser | undefined> {
  const subject = 'subject' in hint ? hint.subject : await subjectOfHint(hint.idToken, client);
  if (subject === undefined) return undefined;
  const allowed =
    'subject' in hint
      ? await subjects.requestableUsers(client, subject)
      : await subjects.provenUsers(client, subject);
  const mapped = await localSubjects.lookup(client.sector, subject);
  for (const localSubject of mapped === undefined ? [subject] : [mapped, subject]) {
    const indexed = localSubjects.indexOf(client, localSubject);
    if (!indexed.ok) continue;
    const user = Buffer.from(indexed.value).toString('base64url');
    if (allowed.includes(user)) return { localSubject, user };
  }
  return undefined;
}
