import type { Command } from 'commander';

/** What the options of `client create` and `client update` hold. */
export interface ClientOptions {
  readonly name?: string;
  readonly redirectUri?: readonly string[];
  readonly postLogoutRedirectUri?: readonly string[];
  readonly clientSecretEnv?: string;
  readonly clientSecretFile?: string;
  readonly authMethod?: string;
  readonly upstreamClientId?: string;
  readonly upstreamClientSecretEnv?: string;
  readonly upstreamClientSecretFile?: string;
  readonly scope?: string;
  readonly releaseClaim?: readonly string[];
  readonly subjectType?: string;
  readonly sector?: string;
  readonly acceptBypass?: boolean;
}

/**
 * Options for the members that operators write most; the others are for `--file`.
 * Secrets never stand on a command line, where every user of the machine reads them.
 */
export function withClientOptions(command: Command): Command {
  return command
    .option('--file <file>', 'one entry in YAML or JSON, as in apply; - for standard input')
    .option('--name <name>', 'client_name')
    .option('--redirect-uri <uri...>', 'redirect_uris')
    .option('--post-logout-redirect-uri <uri...>', 'post_logout_redirect_uris')
    .option('--auth-method <method>', 'token_endpoint_auth_method; none for a public client')
    .option('--client-secret-env <name>', 'the variable that holds what the vendor uses')
    .option('--client-secret-file <file>', 'the file that holds what the vendor uses')
    .option('--upstream-client-id <id>', 'upstream.client_id; without it the client is forwarded')
    .option('--upstream-client-secret-env <name>', 'the variable that holds what the proxy uses')
    .option('--upstream-client-secret-file <file>', 'the file that holds what the proxy uses')
    .option('--scope <scopes>', 'scope, separated by spaces')
    .option('--release-claim <claim...>', 'release_claims')
    .option('--subject-type <type>', 'subject_type')
    .option('--sector <name>', 'assign a sector')
    .option('--accept-bypass', 'accept that this client can go round the proxy')
    .option('--no-accept-bypass', 'accept it no longer');
}

/** The options as members of an entry; only those that were given. */
export function membersOf(options: ClientOptions): Readonly<Record<string, unknown>> {
  const upstream = given({
    client_id: options.upstreamClientId,
    client_secret_env: options.upstreamClientSecretEnv,
    client_secret_file: options.upstreamClientSecretFile,
  });
  return given({
    client_name: options.name,
    redirect_uris: options.redirectUri,
    post_logout_redirect_uris: options.postLogoutRedirectUri,
    token_endpoint_auth_method: options.authMethod,
    client_secret_env: options.clientSecretEnv,
    client_secret_file: options.clientSecretFile,
    upstream: Object.keys(upstream).length === 0 ? undefined : upstream,
    scope: options.scope,
    release_claims: options.releaseClaim,
    subject_type: options.subjectType,
    sector: options.sector,
    accept_bypass: options.acceptBypass,
  });
}

function given(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
