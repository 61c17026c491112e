import Table from 'cli-table3';

import type { Outcome, Sight } from './logins.ts';
import type { Scene } from './scene.ts';

const PROTOCOL = new Set('sub iss aud azp exp iat nonce at_hash auth_time acr amr sid'.split(' '));
const SUB_WIDTH = 26;

/** The table: who the legacy provider says it is, and who each vendor sees. */
export function tableOf(scene: Scene, outcomes: readonly Outcome[]): string {
  const [acme, bolt] = scene.vendors;
  const table = new Table({
    head: ['user', 'the legacy IdP says', `${acme.name} sees`, `${bolt.name} sees`],
    style: { head: [], border: [] },
  });
  for (const { user, legacy, sights } of outcomes) {
    table.push(
      [
        user.username,
        `sub ${String(legacy['sub'])}`,
        ...sights.map((sight) => `sub ${subOf(sight)}`),
      ],
      ['', namesOf(legacy), ...sights.map((sight) => namesOf(allOf(sight)))],
    );
  }
  return table.toString();
}

/** Where to try it by hand. */
export function addressesOf(scene: Scene, outcomes: readonly Outcome[]): string {
  const logins = outcomes.map(({ user }) => `${user.username} / ${user.password}`).join(' or ');
  return [
    'Try it by hand in a browser:',
    ...scene.vendors.map(({ name, origin }) => `  ${name.padEnd(18)} ${origin}/`),
    `  log in as ${logins}`,
    '',
    `  the proxy          ${scene.issuer}/.well-known/openid-configuration`,
    `  the legacy IdP     ${scene.legacyIssuer}/.well-known/openid-configuration`,
  ].join('\n');
}

function subOf({ first }: Sight): string {
  const sub = String(first.claims['sub']);
  const lines = sub.match(new RegExp(`.{1,${SUB_WIDTH}}`, 'g')) ?? [sub];
  return lines.join('\n    ');
}

function allOf({ first, userinfo }: Sight): Readonly<Record<string, unknown>> {
  return { ...first.claims, ...userinfo };
}

/** The claims beyond the protocol's own; values where they are short. */
function namesOf(claims: Readonly<Record<string, unknown>>): string {
  const personal = Object.keys(claims).filter((name) => !PROTOCOL.has(name));
  if (personal.length === 0) return 'no personal claims';
  return personal
    .map((name) => {
      const value = claims[name];
      return typeof value === 'string' && value.length <= 24 ? `${name}: ${value}` : name;
    })
    .join('\n');
}
