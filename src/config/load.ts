import { conceal, deepFreeze, printedDatabaseUrl } from './concealed.ts';
import { Environment } from './environment.ts';
import type { EnvironmentRecord } from './environment.ts';
import { ConfigError } from './error.ts';
import { readRootSecrets } from './root-secrets.ts';
import { RULES } from './rules.ts';
import type { Values } from './rules.ts';
import type { Config, DatabaseLocation } from './types.ts';
import { VARIABLE_NAMES } from './variables.ts';
import type { ValueOf, VariableName } from './variables.ts';

/**
 * The configuration that an environment describes: complete, frozen, and with
 * secrets that do not print. A variable that is empty counts as not set. With
 * SQLite and a loopback issuer, missing root secrets are created beside the
 * database, once everything else is right.
 *
 * Throws one {@link ConfigError} that names every mistake.
 */
export function loadConfig(env: EnvironmentRecord): Config {
  const environment = new Environment(env);
  const values = readValues(environment);
  for (const rule of RULES) rule(values, environment);
  const secrets = readRootSecrets(environment, values);
  if (environment.problems.length > 0 || secrets === undefined) {
    throw new ConfigError(environment.problems);
  }
  return deepFreeze(assemble(values, secrets));
}

function readValues(environment: Environment): Values {
  // The salt is read with the other root secret, by the algorithm.
  const names = VARIABLE_NAMES.filter((name) => name !== 'PAIRWISE_SALT');
  return Object.fromEntries(names.map((name) => [name, environment.value(name)]));
}

function assemble(values: Values, secrets: Config['secrets']): Config {
  const present = <Name extends VariableName>(name: Name) =>
    required<ValueOf<Name>>(values[name], name);
  const config: Config = {
    issuer: present('ISSUER'),
    upstream: conceal(upstreamOf(values), ['clientSecret', 'registrationToken']),
    database: concealedLocation(present('DATABASE_URL')),
    secrets: conceal(secrets, ['masterKey', 'masterKeyPrevious', 'pairwiseSalt']),
    publicListen: present('PUBLIC_LISTEN'),
    adminListen: present('ADMIN_LISTEN'),
    adminToken: values.ADMIN_TOKEN,
    trustedProxies: present('TRUSTED_PROXIES'),
    frontChannel: present('FRONT_CHANNEL'),
    pseudonymAlgorithm: present('PSEUDONYM_ALGORITHM'),
    workers: present('WORKERS'),
    relayPaths: present('RELAY_PATHS'),
    federationOrigins: present('FEDERATION_ORIGINS'),
    outboundPrivateOrigins: present('OUTBOUND_PRIVATE_ORIGINS'),
    internalApis: present('INTERNAL_APIS'),
    securityWebhook: conceal(
      {
        url: values.SECURITY_WEBHOOK_URL,
        authorization: values.SECURITY_WEBHOOK_AUTHORIZATION,
      },
      ['url', 'authorization'],
    ),
    maxStaleness: present('MAX_STALENESS'),
    drainDelay: present('DRAIN_DELAY'),
    adminUrl: present('ADMIN_URL'),
    dashboard: {
      roleClaim: present('DASHBOARD_ROLE_CLAIM'),
      roles: present('DASHBOARD_ROLES'),
      scope: present('DASHBOARD_SCOPE'),
    },
    logLevel: present('LOG_LEVEL'),
  };
  return conceal(config, ['adminToken']);
}

function upstreamOf(values: Values): Config['upstream'] {
  const issuer = required(values.UPSTREAM_ISSUER, 'UPSTREAM_ISSUER');
  return {
    issuer,
    url: values.UPSTREAM_URL ?? issuer,
    clientId: values.UPSTREAM_CLIENT_ID,
    clientSecret: values.UPSTREAM_CLIENT_SECRET,
    registrationToken: values.UPSTREAM_REGISTRATION_TOKEN,
    stateLimit: required(values.UPSTREAM_STATE_LIMIT, 'UPSTREAM_STATE_LIMIT'),
  };
}

function concealedLocation(location: DatabaseLocation): DatabaseLocation {
  if (location.dialect === 'sqlite') return location;
  return conceal(location, ['url'], { url: printedDatabaseUrl(location.url) });
}

/** A variable with a fallback, or one that a rule requires, has a value once there is no mistake. */
function required<T>(value: T | undefined, name: VariableName): T {
  if (value === undefined) throw new Error(`${name} has neither a value nor a reported mistake`);
  return value;
}
