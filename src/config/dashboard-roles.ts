import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';
import type { DashboardRoleRule } from './types.ts';

const ROLES = ['viewer', 'operator', 'privacy'] as const;

/** `role=value`: who has the value in their claim, has the role. Blanks and commas stand as %20 and %2C. */
export function dashboardRole(text: string): Reading<DashboardRoleRule> {
  const mark = text.indexOf('=');
  const role = ROLES.find((known) => known === text.slice(0, Math.max(mark, 0)));
  if (role === undefined) {
    const hint = `write role=value with the roles ${ROLES.join(', ')}, such as operator=idp-admins`;
    return unreadable('does not begin with a role and "="', hint);
  }
  const value = decoded(text.slice(mark + 1));
  if (value === undefined || value === '') {
    return unreadable('names no value of the claim', 'write role=value; % is written %25');
  }
  return read({ role, value });
}

/** The name of a claim. */
export function claimName(text: string): Reading<string> {
  return /^[\x21-\x7e]{1,200}$/.test(text)
    ? read(text)
    : unreadable('is not the name of a claim', 'write a name such as groups');
}

/** Scopes that a login asks for (OpenID Connect Core 3.1.2.1). */
export function loginScope(text: string): Reading<string> {
  const scopes = text.split(' ');
  const areScopes = scopes.every((scope) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
  return areScopes && scopes.includes('openid')
    ? read(text)
    : unreadable('is not a list of scopes with openid', 'write scopes such as openid groups');
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
