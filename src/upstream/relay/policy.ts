import type { Reason } from '../../errors.ts';

/** Where an authorization response may go instead, or why it is held back. */
export type RelayAnswer =
  | {
      readonly kind: 'redirect';
      readonly location: string;
      /** Where the answer is an error: what the log is told of it. */
      readonly refused?: { readonly reason: Reason; readonly detail?: string };
    }
  | { readonly kind: 'blocked'; readonly reason: Reason; readonly detail?: string | undefined };

/** What the relay asks of the protocol; it knows nothing of clients and seals itself. */
export interface RelayPolicy {
  /**
   * The upstream's authorize address was asked for with these parameters (query,
   * and form body on POST). Do they carry a transaction of ours, unaltered?
   */
  admitsAuthorization(
    parameters: URLSearchParams,
    cookieHeader: string | undefined,
  ): Promise<boolean>;
  /** Does this URL go to a registered redirect URI? */
  isRedirectTarget(url: URL): boolean;
  /**
   * The upstream's logout address was asked for with these parameters. Which ID token of
   * the upstream's, that no browser may see, is added on the way? Undefined: none.
   */
  logoutHint(parameters: URLSearchParams): Promise<string | undefined>;
  /**
   * A vendor's front-channel logout address in a page, with what stands there instead.
   * Undefined: it is none.
   */
  frontChannelLogout(url: URL): RelayAnswer | undefined;
  /** Opens an authorization or logout response on its way to a vendor. */
  answer(response: URL, cookieHeader: string | undefined): Promise<RelayAnswer>;
}

/** What the relay must know of the upstream. */
export interface RelayUpstream {
  /** The public origin that stands in the upstream's documents and pages. */
  readonly origin: string;
  /** Where it is reached; of a URL with a path, only the origin counts. */
  readonly target: string;
  /** Path of the authorization endpoint. */
  readonly authorizationPath: string;
  /** Path of the logout page; undefined: there is none. */
  readonly endSessionPath?: string | undefined;
  /** Paths of the endpoints that browsers have no business with. */
  readonly backChannelPaths: readonly string[];
}
