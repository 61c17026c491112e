import {
  issuerAddress,
  originAddress,
  ownAddress,
  upstreamAddress,
  webhookAddress,
} from './addresses.ts';
import { claimName, dashboardRole, loginScope } from './dashboard-roles.ts';
import { databaseLocation } from './database-location.ts';
import { internalApi } from './internal-apis.ts';
import { bearerText, headerValue, keyBytes } from './keys.ts';
import { cidrBlock, listenAddress, pathPrefix } from './network.ts';
import { anyText, listOf, oneOf, wholeNumber } from './reading.ts';
import type { Reader } from './reading.ts';
import type { Config, FrontChannel, PseudonymAlgorithm } from './types.ts';

interface Variable {
  readonly reader: Reader<unknown>;
  /** The text that stands in when the variable is not set. */
  readonly fallback?: string;
  /** A secret may also come from the file that `NAME_FILE` names, and is never shown. */
  readonly secret?: true;
}

const logLevels = oneOf<Config['logLevel']>(
  ...(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const),
);

/**
 * Every variable of the environment that the proxy reads. `.env.example` and
 * `docs/configuration.md` are held in step with this table by a test.
 */
export const VARIABLES = {
  ISSUER: { reader: issuerAddress, fallback: 'http://localhost:8080' },
  UPSTREAM_ISSUER: { reader: upstreamAddress },
  UPSTREAM_URL: { reader: upstreamAddress },
  UPSTREAM_CLIENT_ID: { reader: anyText },
  UPSTREAM_CLIENT_SECRET: { reader: anyText, secret: true },
  UPSTREAM_REGISTRATION_TOKEN: { reader: bearerText, secret: true },
  UPSTREAM_STATE_LIMIT: { reader: wholeNumber(43, 8192), fallback: '1800' },
  DATABASE_URL: { reader: databaseLocation, fallback: 'sqlite:data/pairwise.sqlite', secret: true },
  MASTER_KEY: { reader: keyBytes, secret: true },
  MASTER_KEY_PREVIOUS: { reader: keyBytes, secret: true },
  /** Read as a key or as text, by the algorithm. */
  PAIRWISE_SALT: { reader: anyText, secret: true },
  PSEUDONYM_ALGORITHM: {
    reader: oneOf<PseudonymAlgorithm>('hmac-sha256', 'oidc-sha256', 'random'),
    fallback: 'hmac-sha256',
  },
  PUBLIC_LISTEN: { reader: listenAddress, fallback: '127.0.0.1:8080' },
  ADMIN_LISTEN: { reader: listenAddress, fallback: '127.0.0.1:8081' },
  ADMIN_URL: { reader: ownAddress, fallback: 'http://localhost:8081' },
  ADMIN_TOKEN: { reader: bearerText, secret: true },
  DASHBOARD_ROLES: { reader: listOf(dashboardRole), fallback: '' },
  DASHBOARD_ROLE_CLAIM: { reader: claimName, fallback: 'groups' },
  DASHBOARD_SCOPE: { reader: loginScope, fallback: 'openid' },
  TRUSTED_PROXIES: { reader: listOf(cidrBlock), fallback: '' },
  FRONT_CHANNEL: { reader: oneOf<FrontChannel>('relay', 'callback'), fallback: 'relay' },
  RELAY_PATHS: { reader: listOf(pathPrefix), fallback: '' },
  FEDERATION_ORIGINS: { reader: listOf(originAddress), fallback: '' },
  INTERNAL_APIS: { reader: listOf(internalApi), fallback: '' },
  OUTBOUND_PRIVATE_ORIGINS: { reader: listOf(originAddress), fallback: '' },
  WORKERS: { reader: wholeNumber(1, 64), fallback: '1' },
  SECURITY_WEBHOOK_URL: { reader: webhookAddress, secret: true },
  SECURITY_WEBHOOK_AUTHORIZATION: { reader: headerValue, secret: true },
  MAX_STALENESS: { reader: wholeNumber(0, 31_536_000), fallback: '60' },
  DRAIN_DELAY: { reader: wholeNumber(0, 600), fallback: '0' },
  LOG_LEVEL: { reader: logLevels, fallback: 'info' },
} as const satisfies Record<string, Variable>;

/** The name of a variable. */
export type VariableName = keyof typeof VARIABLES;

/** The value that a variable's reader gives. */
export type ValueOf<Name extends VariableName> =
  (typeof VARIABLES)[Name]['reader'] extends Reader<infer T> ? T : never;

export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly VariableName[];

/** Whether `NAME_FILE` counts as well. */
export function isSecret(name: VariableName): boolean {
  return 'secret' in VARIABLES[name];
}

/** The variable's text when it is not set; undefined: there is none. */
export function fallbackOf(name: VariableName): string | undefined {
  const variable: Variable = VARIABLES[name];
  return variable.fallback;
}
