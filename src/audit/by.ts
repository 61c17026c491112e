/** Who does something, and why, as the audit log keeps it. */
export interface By {
  /**
   * `cli:USER`, `token:NAME`, `dashboard:SUB`, `client:ID`, `user` or `system`; never a user's name
   * at the upstream, except that of an operator who is logged in at the dashboard.
   */
  readonly actor: string;
  /** Why, in the actor's own words. */
  readonly reason?: string | undefined;
  /** The request that it was done in, as the log lines of that request carry it. */
  readonly requestId?: string | undefined;
}

/** The proxy itself, where nobody asked for what is done. */
export const SYSTEM: By = { actor: 'system' };
