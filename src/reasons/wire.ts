/** What the wire says of a refusal. */
export interface Wire {
  readonly status: number;
  /** The standard code a vendor sees (RFC 6749 5.2, OpenID Connect Core 3.1.2.6, RFC 6750 3.1). */
  readonly error: string;
  /** A fixed sentence; never built from a request or from the upstream. */
  readonly description: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

/** Shared by several reasons. */
export const UNAVAILABLE = {
  status: 503,
  error: 'temporarily_unavailable',
  retryAfter: 5,
} as const;

/** Shared by several reasons. */
export const BAD_CODE = {
  status: 400,
  error: 'invalid_grant',
  description: 'The code is not valid, has expired, or was issued to another client.',
} as const;
