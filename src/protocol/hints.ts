import type { Client } from '../vendors/client.ts';
import type { AuthorizationRequest } from './authorization-request.ts';

/** What turns hints into users: user indexes of the client's sector, base64url. */
export interface HintParts {
  /** The subject in an ID token that we signed for this client, whatever its age; undefined: not one. */
  readonly subjectOfHint: (idToken: string, client: Client) => Promise<string | undefined>;
  readonly subjects: {
    /** Of the subject of such an ID token. */
    provenUsers(client: Client, subject: string): Promise<readonly string[]>;
    /** Of a subject that the client was given. */
    knownUsers(client: Client, subject: string): Promise<readonly string[]>;
    /** Of a subject that the client was given, or would be. */
    requestableUsers(client: Client, subject: string): Promise<readonly string[]>;
  };
}

/** What hints come to. */
export interface Hints {
  /**
   * The users that every hint names; undefined: none is named. An empty list is
   * what no login satisfies, and is told by nothing else.
   */
  readonly users: readonly string[] | undefined;
  /** A `login_hint` that goes to the upstream as it is. */
  readonly loginHint: string | undefined;
}

/**
 * Reads the hints of a request (design section 4, Hints that come in). Those that
 * are subjects are compared after the login and never forwarded; a `login_hint`
 * that is none of the client's subjects is for the client's policy, alike whether
 * or not it names a user.
 */
export async function readHints(
  { subjectOfHint, subjects }: HintParts,
  client: Client,
  request: Pick<AuthorizationRequest, 'idTokenHint' | 'loginHint' | 'claims'>,
): Promise<Hints> {
  const sets: (readonly string[])[] = [];
  if (request.idTokenHint !== undefined) {
    const subject = await subjectOfHint(request.idTokenHint, client);
    sets.push(subject === undefined ? [] : await subjects.provenUsers(client, subject));
  }
  for (const values of request.claims.subjects) {
    const asked = values.map((one) => subjects.requestableUsers(client, one));
    sets.push((await Promise.all(asked)).flat());
  }
  const named =
    request.loginHint === undefined ? [] : await subjects.knownUsers(client, request.loginHint);
  if (named.length > 0) sets.push(named);
  const forwards = named.length === 0 && client.metadata.login_hint === 'forward';
  const [first, ...others] = sets;
  return {
    users: first?.filter((user) => others.every((set) => set.includes(user))),
    loginHint: forwards ? request.loginHint : undefined,
  };
}

/** Whether a login is one that the hints allow. */
export function satisfiesHints(
  hinted: readonly string[] | undefined,
  userIndex: Uint8Array,
): boolean {
  return hinted === undefined || hinted.includes(Buffer.from(userIndex).toString('base64url'));
}
