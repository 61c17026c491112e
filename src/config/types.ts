/** A listener's address. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the mapping lives. */
export type DatabaseLocation =
  | { readonly dialect: 'sqlite'; readonly file: string }
  | { readonly dialect: 'mysql'; readonly url: string };

/** How a first-generation pseudonym is made (design section 4). */
export type PseudonymAlgorithm = 'hmac-sha256' | 'oidc-sha256' | 'random';

/** How a browser reaches the upstream's login pages. */
export type FrontChannel = 'relay' | 'callback';

/** An API behind the proxy that knows the upstream's own access tokens. */
export interface InternalApi {
  readonly name: string;
  /** An origin, perhaps with a path; without a trailing slash. */
  readonly address: string;
}

/** Who has a value in the claim that names roles, has the role at the dashboard. */
export interface DashboardRoleRule {
  readonly role: 'viewer' | 'operator' | 'privacy';
  readonly value: string;
}

/** The whole configuration of one process: frozen, complete, validated. */
export interface Config {
  /** Our public URL, without a trailing slash; may have a path. */
  readonly issuer: string;
  readonly upstream: {
    /** The upstream's issuer identifier, to the letter. */
    readonly issuer: string;
    /** Base at which the upstream is really reached; equals `issuer` unless `UPSTREAM_URL` is set. */
    readonly url: string;
    readonly clientId: string | undefined;
    readonly clientSecret: string | undefined;
    /** Initial access token for registering clients there (RFC 7591 1.2). */
    readonly registrationToken: string | undefined;
    /** The longest `state`, in characters, that it carries; a longer one goes by reference. */
    readonly stateLimit: number;
  };
  readonly database: DatabaseLocation;
  readonly secrets: {
    /** 32 bytes or more; wraps the random roots kept in the database. */
    readonly masterKey: Uint8Array;
    readonly masterKeyPrevious: Uint8Array | undefined;
    /** Seeds salt version 1 only. With `oidc-sha256`: the UTF-8 text as configured. */
    readonly pairwiseSalt: Uint8Array;
  };
  readonly publicListen: ListenAddress;
  readonly adminListen: ListenAddress;
  readonly adminToken: string | undefined;
  /** CIDR blocks whose `X-Forwarded-*` headers count. */
  readonly trustedProxies: readonly string[];
  readonly frontChannel: FrontChannel;
  readonly pseudonymAlgorithm: PseudonymAlgorithm;
  readonly workers: number;
  /** Path prefixes the relay serves; empty: all. */
  readonly relayPaths: readonly string[];
  /** Origins a relayed redirect may leave to. */
  readonly federationOrigins: readonly string[];
  /** APIs that requests may be passed to with the upstream's own access token; names are unique. */
  readonly internalApis: readonly InternalApi[];
  /** Origins named by vendors that may lie in private networks. */
  readonly outboundPrivateOrigins: readonly string[];
  /** Where security events go; `url` undefined: nowhere. Some addresses are secrets themselves. */
  readonly securityWebhook: {
    readonly url: string | undefined;
    /** The whole `Authorization` header. */
    readonly authorization: string | undefined;
  };
  /** Seconds for which the last known registry may be served while the database is away. */
  readonly maxStaleness: number;
  /** Seconds for which the listeners stay open after SIGTERM, while `/readyz` says 503 already. */
  readonly drainDelay: number;
  readonly adminUrl: string;
  /** Logins at the dashboard; without rules only `ADMIN_TOKEN` opens it. */
  readonly dashboard: {
    readonly roleClaim: string;
    readonly roles: readonly DashboardRoleRule[];
    /** What a login asks for, separated by spaces. */
    readonly scope: string;
  };
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}
