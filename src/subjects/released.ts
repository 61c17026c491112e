declare const released: unique symbol;

/**
 * A subject that may be shown to a vendor. Only `subjects/` mints it; every
 * serializer asks for it, so that a forgotten translation does not compile.
 */
export type ReleasedSubject = string & { readonly [released]: true };

/** Which kind of subject was released: a pseudonym, or the upstream's own. */
export type SubjectKind = 'pairwise' | 'public';

/** Mints a released subject. For `subjects/` alone; the linter holds others off. */
export function mintReleasedSubject(value: string): ReleasedSubject {
  return value as ReleasedSubject;
}

/** A released subject that comes back in a token which this proxy sealed or signed itself. */
export function reviveReleasedSubject(value: string): ReleasedSubject {
  return value as ReleasedSubject;
}
