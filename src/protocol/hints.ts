import type { Client } from '../vendors/client.ts';
import type { AuthorizationRequest } from './authorization-request.ts';

/** What turns hints into users. */
export interface HintParts {
  /** The subject in an ID token that we signed for this client, whatever its age; undefined: not one. */
  readonly subjectOfHint: (idToken: string, client: Client) => Promise<string | undefined>;
  /** User indexes that this client may have been given that subject for, base64url. */
  readonly usersOf: (client: Client, subject: string) => Promise<readonly string[]>;
}

/**
 * The users that a request allows (design section 4, Hints): those that every
 * hint names. Undefined: it hints at nobody. A hint that names nobody of this
 * client is an empty list, which no login satisfies, and is told by nothing else.
 */
export async function hintedUsers(
  parts: HintParts,
  client: Client,
  request: AuthorizationRequest,
): Promise<readonly string[] | undefined> {
  const sets: (readonly string[])[] = [];
  if (request.idTokenHint !== undefined) {
    const subject = await parts.subjectOfHint(request.idTokenHint, client);
    sets.push(subject === undefined ? [] : await parts.usersOf(client, subject));
  }
  if (request.claims.subjects !== undefined) {
    const users = request.claims.subjects.map((subject) => parts.usersOf(client, subject));
    sets.push((await Promise.all(users)).flat());
  }
  if (request.loginHint !== undefined) {
    // Somebody's address, or one of this client's own subjects: only the latter is a subject hint.
    const users = await parts.usersOf(client, request.loginHint);
    if (users.length > 0) sets.push(users);
  }
  const [first, ...others] = sets;
  return first?.filter((user) => others.every((set) => set.includes(user)));
}

/** Whether a login is one that the hints allow. */
export function satisfiesHints(
  hinted: readonly string[] | undefined,
  userIndex: Uint8Array,
): boolean {
  return hinted === undefined || hinted.includes(Buffer.from(userIndex).toString('base64url'));
}
