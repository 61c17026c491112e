/** Which claim of the upstream leaves, and under which name. */
export type ReleasedNames = ReadonlyMap<string, string>;

/**
 * What an entry of a release policy asks for: `name` (the claim), `name as
 * display_name` (under another name), `scope:profile` (the claims of a scope).
 */
export type ReleaseEntry =
  | { readonly kind: 'claim'; readonly claim: string; readonly as: string }
  | { readonly kind: 'scope'; readonly scope: string };

/** The claims that the standard scopes ask for (OpenID Connect Core 5.4). */
export const SCOPE_CLAIMS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'profile',
    words(
      'name family_name given_name middle_name nickname preferred_username profile picture ' +
        'website gender birthdate zoneinfo locale updated_at',
    ),
  ],
  ['email', words('email email_verified')],
  ['address', words('address')],
  ['phone', words('phone_number phone_number_verified')],
]);

/**
 * Claims that name a user across vendors, or tell one by its time: these are
 * released by their own name or not at all.
 */
const NEVER_BY_SCOPE: ReadonlySet<string> = new Set(
  words(
    'nickname preferred_username profile picture website updated_at ' +
      'email email_verified phone_number phone_number_verified',
  ),
);

/** The scopes that a release policy may name; the others hold nothing but identifiers. */
export const RELEASABLE_SCOPES: readonly string[] = [...SCOPE_CLAIMS.keys()].filter(
  (scope) => claimsByScope(scope).length > 0,
);

/** Reads an entry; undefined: it is none. */
export function readReleaseEntry(entry: string): ReleaseEntry | undefined {
  const [claim = '', as, name, ...more] = entry.split(' ');
  if (entry.startsWith('scope:')) {
    return as === undefined ? { kind: 'scope', scope: entry.slice('scope:'.length) } : undefined;
  }
  if (claim === '' || more.length > 0) return undefined;
  if (as === undefined) return { kind: 'claim', claim, as: claim };
  if (as !== 'as' || name === undefined || name === '') return undefined;
  return { kind: 'claim', claim, as: name };
}

/** What a policy releases; what it names itself goes before what it names by scope. */
export function releasedNames(policy: readonly string[]): ReleasedNames {
  const entries = policy.flatMap((entry) => readReleaseEntry(entry) ?? []);
  const byScope = entries.flatMap((entry) =>
    entry.kind === 'scope' ? claimsByScope(entry.scope).map((name) => [name, name] as const) : [],
  );
  const byName = entries.flatMap((entry) =>
    entry.kind === 'claim' ? [[entry.claim, entry.as] as const] : [],
  );
  return new Map([...byScope, ...byName]);
}

/** A claim's name without its language tag (OpenID Connect Core 5.2). */
export function baseName(name: string): string {
  const tag = name.indexOf('#');
  return tag > 0 ? name.slice(0, tag) : name;
}

function claimsByScope(scope: string): readonly string[] {
  return (SCOPE_CLAIMS.get(scope) ?? []).filter((name) => !NEVER_BY_SCOPE.has(name));
}

function words(list: string): string[] {
  return list.split(' ');
}
