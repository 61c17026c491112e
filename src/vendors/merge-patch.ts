import { isObject } from './read-entry.ts';

const SECRET_MEMBERS = ['client_secret', 'client_secret_env', 'client_secret_file'];

/**
 * An entry with some members changed (RFC 7396): `null` takes a member away,
 * objects are merged, everything else replaces. A secret given in one of its
 * three ways takes the place of one given in another.
 */
export function patched(
  entry: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...entry };
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(patch, member))) {
    for (const member of SECRET_MEMBERS) delete merged[member];
  }
  for (const [member, value] of Object.entries(patch)) {
    const before = merged[member];
    if (value === null) delete merged[member];
    else if (isObject(value)) merged[member] = patched(isObject(before) ? before : {}, value);
    else merged[member] = value;
  }
  return merged;
}
