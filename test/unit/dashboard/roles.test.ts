import { expect, test } from 'vitest';

import { dashboardRole } from '../../../src/config/dashboard-roles.ts';
import { rolesOf } from '../../../src/dashboard/provider-login.ts';
import { problemsOf, environment } from '../config/environments.ts';

const RULES = [
  { role: 'viewer', value: 'staff' },
  { role: 'operator', value: 'idp admins' },
  { role: 'privacy', value: 'dpo' },
] as const;

test.each([
  ['a list of values', ['staff', 'dpo', 'others'], ['viewer', 'privacy']],
  ['one value', 'idp admins', ['operator']],
  ['a value that only begins so', 'staffing', []],
  ['another spelling', ['STAFF'], []],
  ['a list within a list', [['staff']], []],
  ['values of another kind', [1, true, null, { staff: true }], []],
  ['an object', { staff: 'staff' }, []],
  ['no claim', undefined, []],
  ['a list as one text', 'staff dpo', []],
])('%s gives the roles that name it, and no others', (_which, claim, roles) => {
  expect(rolesOf(RULES, claim)).toEqual(roles);
});

test('a rule names a role and a value; blanks and commas are percent-encoded', () => {
  const value = { role: 'operator', value: 'idp admins, all' };
  expect(dashboardRole('operator=idp%20admins%2C%20all')).toEqual({ ok: true, value });
  expect(dashboardRole('viewer=cn=staff')).toMatchObject({
    ok: true,
    value: { value: 'cn=staff' },
  });
  for (const text of ['admin=x', 'operator', 'operator=', '=x', 'operator=%zz', 'Operator=x']) {
    expect([text, dashboardRole(text).ok]).toEqual([text, false]);
  }
});

test('roles need a client at the provider, and an address that is safe to log in at', () => {
  const roles = { DASHBOARD_ROLES: 'viewer=staff' };
  const named = (env: Record<string, string>): readonly string[] =>
    problemsOf({ ...environment(), ...env }).map(({ variable }) => variable);
  expect(named(roles)).toEqual(['UPSTREAM_CLIENT_ID']);
  const client = { ...roles, UPSTREAM_CLIENT_ID: 'proxy' };
  expect(named(client)).toEqual([]);
  expect(named({ ...client, ADMIN_URL: 'http://ops.example.com' })).toEqual(['ADMIN_URL']);
  expect(named({ ...client, ADMIN_URL: 'https://ops.example.com' })).toEqual([]);
});
