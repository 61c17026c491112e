import { isLoopback, withoutTrailingSlash } from './addresses.ts';
import type { Environment } from './environment.ts';
import { overlapping } from './internal-apis.ts';
import { overlap } from './network.ts';
import type { ValueOf, VariableName } from './variables.ts';

/** The values read so far; a missing one was not set or is reported already. */
export type Values = { readonly [Name in VariableName]?: ValueOf<Name> | undefined };

/** A rule that no single variable can check; it reports to the environment. */
type Rule = (values: Values, environment: Environment) => void;

const upstreamIsNamed: Rule = (_values, environment) => {
  if (environment.isSet('UPSTREAM_ISSUER')) return;
  environment.report(
    'UPSTREAM_ISSUER',
    'is not set',
    'write the issuer of the identity provider as its discovery document spells it',
  );
};

const upstreamIsElsewhere: Rule = ({ ISSUER, UPSTREAM_ISSUER, UPSTREAM_URL }, environment) => {
  if (ISSUER === undefined) return;
  const isOurs = (address: string | undefined) =>
    address !== undefined &&
    URL.parse(withoutTrailingSlash(address))?.href === new URL(ISSUER).href;
  if (isOurs(UPSTREAM_URL)) {
    environment.report(
      'UPSTREAM_URL',
      'is ISSUER itself',
      'write the address at which the identity provider is reached without the proxy',
    );
  } else if (isOurs(UPSTREAM_ISSUER) && !environment.isSet('UPSTREAM_URL')) {
    environment.report(
      'UPSTREAM_ISSUER',
      'is ISSUER itself',
      'where the proxy takes over the host name, set UPSTREAM_URL to where the identity provider is reached now',
    );
  }
};

const secretHasClient: Rule = (_values, environment) => {
  if (!environment.isSet('UPSTREAM_CLIENT_SECRET') || environment.isSet('UPSTREAM_CLIENT_ID')) {
    return;
  }
  environment.report(
    'UPSTREAM_CLIENT_ID',
    'is not set, but UPSTREAM_CLIENT_SECRET is',
    'set both or neither',
  );
};

const webhookHasAddress: Rule = (_values, environment) => {
  if (!environment.isSet('SECURITY_WEBHOOK_AUTHORIZATION')) return;
  if (environment.isSet('SECURITY_WEBHOOK_URL')) return;
  environment.report(
    'SECURITY_WEBHOOK_URL',
    'is not set, but SECURITY_WEBHOOK_AUTHORIZATION is',
    'set both or neither',
  );
};

const listenersAreTwo: Rule = ({ PUBLIC_LISTEN, ADMIN_LISTEN }, environment) => {
  if (PUBLIC_LISTEN === undefined || ADMIN_LISTEN === undefined) return;
  if (!overlap(PUBLIC_LISTEN, ADMIN_LISTEN)) return;
  environment.report(
    'ADMIN_LISTEN',
    'takes the port of PUBLIC_LISTEN',
    'give it a port of its own, which vendors do not reach',
  );
};

const adminIsApart: Rule = ({ ISSUER, ADMIN_URL }, environment) => {
  if (ISSUER === undefined || ISSUER !== ADMIN_URL) return;
  environment.report('ADMIN_URL', 'is ISSUER itself', 'write the address of the admin listener');
};

const rolesHaveClient: Rule = ({ DASHBOARD_ROLES = [] }, environment) => {
  if (DASHBOARD_ROLES.length === 0 || environment.isSet('UPSTREAM_CLIENT_ID')) return;
  environment.report(
    'UPSTREAM_CLIENT_ID',
    'is not set, but DASHBOARD_ROLES is',
    'set both, so that people can log in at the dashboard through the identity provider',
  );
};

const rolesHaveALogin: Rule = (values, environment) => {
  const { DASHBOARD_ROLES = [], ISSUER, UPSTREAM_ISSUER } = values;
  if (DASHBOARD_ROLES.length === 0 || ISSUER === undefined || UPSTREAM_ISSUER === undefined) return;
  const [ours, theirs] = [new URL(ISSUER), new URL(UPSTREAM_ISSUER)];
  const pathOf = ({ pathname }: URL): string => `${withoutTrailingSlash(pathname)}/`;
  if (ours.origin !== theirs.origin || !pathOf(theirs).startsWith(pathOf(ours))) return;
  environment.report(
    'DASHBOARD_ROLES',
    'is set, but the addresses of UPSTREAM_ISSUER are those of ISSUER',
    'leave it out and log in at the dashboard with ADMIN_TOKEN: where the proxy has taken over the name, browsers reach the identity provider for logins of vendors alone',
  );
};

const adminIsSafe: Rule = ({ ADMIN_URL, DASHBOARD_ROLES = [] }, environment) => {
  if (ADMIN_URL === undefined || DASHBOARD_ROLES.length === 0) return;
  const url = new URL(ADMIN_URL);
  if (url.protocol === 'https:' || isLoopback(url)) return;
  environment.report(
    'ADMIN_URL',
    'uses http beyond this machine, and DASHBOARD_ROLES is set',
    'write an https:// address; logins and sessions must not travel in the clear',
  );
};

const upstreamIsNoFederation: Rule = (values, environment) => {
  const { FEDERATION_ORIGINS = [], ISSUER, UPSTREAM_ISSUER, UPSTREAM_URL } = values;
  const own = [ISSUER, UPSTREAM_ISSUER, UPSTREAM_URL].filter((address) => address !== undefined);
  if (!own.some((address) => FEDERATION_ORIGINS.includes(new URL(address).origin))) return;
  environment.report(
    'FEDERATION_ORIGINS',
    "holds the proxy's or the upstream's own origin",
    'name only foreign identity providers; a browser must not reach the upstream round the proxy',
  );
};

const internalApisAreApart: Rule = (values, environment) => {
  const { INTERNAL_APIS = [], ISSUER, ADMIN_URL, UPSTREAM_ISSUER, UPSTREAM_URL } = values;
  const names = INTERNAL_APIS.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    environment.report('INTERNAL_APIS', 'gives a name twice', 'give each API a name of its own');
  }
  const others = [ISSUER, ADMIN_URL, UPSTREAM_ISSUER, UPSTREAM_URL].filter(
    (address) => address !== undefined,
  );
  const taken = INTERNAL_APIS.filter(({ address }) =>
    others.some((other) => overlapping(address, other)),
  );
  if (taken.length === 0) return;
  environment.report(
    'INTERNAL_APIS',
    `reaches the identity provider or the proxy itself by "${taken.map(({ name }) => name).join('", "')}"`,
    'name the API by an address that nothing else has; the provider would tell vendors who the user is',
  );
};

/** The rules between variables, in the order in which their mistakes are told. */
export const RULES: readonly Rule[] = [
  upstreamIsNamed,
  upstreamIsElsewhere,
  secretHasClient,
  webhookHasAddress,
  listenersAreTwo,
  adminIsApart,
  rolesHaveClient,
  rolesHaveALogin,
  adminIsSafe,
  upstreamIsNoFederation,
  internalApisAreApart,
];
