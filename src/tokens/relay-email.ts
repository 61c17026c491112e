import type { ReleasedSubject, SubjectKind } from '../subjects/released.ts';

/** A domain whose mail the operator passes on to the users behind the pseudonyms. */
export interface RelayEmailPolicy {
  readonly relay_email_domain?: string | undefined;
}

/** RFC 5321 4.5.3.1.1, in octets. */
const LONGEST_LOCAL_PART = 64;

/**
 * The e-mail claims of a pairwise subject: its pseudonym at the client's relay
 * domain, verified, since nobody else gets mail there. None where the client has
 * no such domain, or the pseudonym (an imported one, say) cannot stand in an
 * address, or the original subject continues for a while.
 */
export function relayEmail(
  { relay_email_domain: domain }: RelayEmailPolicy,
  subject: ReleasedSubject,
  kind: SubjectKind,
): Readonly<Record<string, unknown>> {
  if (domain === undefined || kind !== 'pairwise') return {};
  if (subject.length > LONGEST_LOCAL_PART || !/^[\w-]+(\.[\w-]+)*$/.test(subject)) return {};
  return { email: `${subject}@${domain}`, email_verified: true };
}
