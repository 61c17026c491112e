import type { TellableChange } from '../grants/subject-events.ts';
import { reviveReleasedSubject } from '../subjects/released.ts';
import { eventId } from '../tokens/derived.ts';
import { identifierChanged, signSecurityEvent } from '../tokens/security-event.ts';
import type { SigningKey } from '../tokens/signing-keys.ts';
import type { Client } from '../vendors/client.ts';
import { modeFor, newestPhase } from '../vendors/phase.ts';

/** What telling a client of changed subjects works with. */
export interface SubjectEventParts {
  readonly issuer: string;
  /** The keyring's `claims`. */
  readonly claimsRoot: Uint8Array;
  readonly signingKey: (algorithm: SigningKey['alg']) => SigningKey;
  readonly clock: () => Date;
}

/**
 * Whether a client has to do with pseudonyms at all. While it has not, its events wait: it
 * may come back to them.
 */
export function hasPseudonyms(client: Client): boolean {
  return newestPhase(client).phase === 'pairwise';
}

/** Whether a client is told of a change: it knows the old subject, and is served the new one. */
export function concerns({ isKnown, userIndex }: TellableChange, client: Client): boolean {
  return isKnown && modeFor(newestPhase(client), userIndex) === 'pairwise';
}

/** The `jti` by which a client knows an event again. */
export function jtiOf(
  { claimsRoot }: Pick<SubjectEventParts, 'claimsRoot'>,
  client: Client,
  { id, oldSub }: TellableChange,
): string {
  return eventId(claimsRoot, client.clientId, JSON.stringify([id, oldSub]));
}

/** The Security Event Token about a changed subject, for one client. */
export function subjectEvent(
  parts: SubjectEventParts,
  client: Client,
  change: TellableChange,
): Promise<string> {
  const { issuer, signingKey, clock } = parts;
  const from = reviveReleasedSubject(change.oldSub);
  const to = reviveReleasedSubject(change.newSub);
  return signSecurityEvent(
    {
      ...{ iss: issuer, aud: client.clientId, jti: jtiOf(parts, client, change) },
      iat: Math.floor(clock().getTime() / 1000),
      ...identifierChanged(issuer, { from, to }),
    },
    signingKey(client.metadata.id_token_signed_response_alg),
  );
}
