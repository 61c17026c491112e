/** What one metric is. */
export interface Definition {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  /** Label names; none ever carries a user, a subject or a token. */
  readonly labels: readonly string[];
  /** What the values of several workers come to; counters and histograms are summed. */
  readonly across?: 'sum' | 'min' | 'max';
}

/** In seconds: an answer out of memory, a row, a call of the upstream, a deadline. */
export const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/**
 * Every metric of ours. A label has as many values as the code has words for it, or, where it
 * names a client or a sector, as there are registered ones up to a limit.
 */
export const METRICS = {
  requests: counter('pairwise_http_requests_total', ['endpoint', 'outcome'], {
    help: 'Requests on the public listener that are over. `outcome`: `ok`, the OAuth error code that was told, or `aborted`.',
  }),
  requestSeconds: histogram('pairwise_http_request_duration_seconds', ['endpoint'], {
    help: 'From the first byte of a request to the last of its answer.',
  }),
  inFlight: gauge('pairwise_http_requests_in_flight', [], {
    help: 'Requests on the public listener that are under way.',
    across: 'sum',
  }),
  refusals: counter('pairwise_refusals_total', ['endpoint', 'reason'], {
    help: 'Requests that were refused, by the reason in the log (docs/errors.md).',
  }),
  adminRequests: counter('pairwise_admin_requests_total', ['endpoint', 'outcome'], {
    help: 'Requests on the admin listener that are over. `endpoint`: method and path as the code has it, `none` where nothing matched; `outcome`: `ok`, `refused` (4xx), `failed` (5xx), `aborted`.',
  }),
  adminRequestSeconds: histogram('pairwise_admin_request_duration_seconds', ['part'], {
    help: 'The same, timed: `api`, `dashboard`, `probe` (health and metrics).',
  }),
  upstreamSeconds: histogram('pairwise_upstream_request_duration_seconds', ['call'], {
    help: 'Calls of the upstream that it answered, whatever with; relayed pages are not among them.',
  }),
  upstreamErrors: counter('pairwise_upstream_errors_total', ['call', 'reason'], {
    help: 'Calls of the upstream without a usable answer; `status_5xx`: it answered with such a status.',
  }),
  upstreamUp: gauge('pairwise_upstream_up', [], {
    help: '1 while logins can be expected to work at the upstream, as `/readyz` says.',
    across: 'min',
  }),
  databaseUp: gauge('pairwise_database_up', [], {
    help: '1 while the change log can be read, as `/readyz` says.',
    across: 'min',
  }),
  configurationAge: gauge('pairwise_configuration_age_seconds', [], {
    help: 'Seconds since the change log was last read; beyond `MAX_STALENESS` everything is refused.',
    across: 'max',
  }),
  stalenessLimit: gauge('pairwise_configuration_age_limit_seconds', [], {
    help: '`MAX_STALENESS`.',
    across: 'max',
  }),
  draining: gauge('pairwise_draining', [], {
    help: 'Workers that finish what is in flight and then end.',
    across: 'sum',
  }),
  workers: gauge('pairwise_workers', ['log_level'], {
    help: 'Processes that serve, by how much they log.',
    across: 'sum',
  }),
  pool: gauge('pairwise_database_connections', ['state'], {
    help: 'Connections of the pool: `used`, `free`; `waiting`: work that waits for one.',
    across: 'sum',
  }),
  pseudonymsCreated: counter('pairwise_pseudonyms_created_total', ['sector', 'origin'], {
    help: 'Pseudonyms that were made. `origin`: `login` (in `pairwise` and `shadow`), `import`, `rotation`, `unlinking`; of the last three those by the admin API and the dashboard, for a command is a process of its own.',
  }),
  pseudonymsReleased: counter('pairwise_pseudonyms_released_total', ['sector'], {
    help: 'Times that a vendor was given a pseudonym.',
  }),
  cacheLookups: counter('pairwise_cache_lookups_total', ['cache', 'result'], {
    help: 'Questions to the caches of the subjects. `given`: was it noted that the client has the user; `rehearsed`: has the user in `shadow` a pseudonym. `result`: `hit`, `miss`.',
  }),
  sealsMade: counter('pairwise_seals_made_total', ['purpose'], {
    help: 'Values that were sealed.',
  }),
  sealsOpened: counter('pairwise_seals_opened_total', ['purpose'], {
    help: 'Sealed values that came back and opened.',
  }),
  sealsRefused: counter('pairwise_seals_refused_total', ['purpose', 'reason'], {
    help: 'Values that did not open: `seal_malformed`, `seal_expired`.',
  }),
  leaksPrevented: counter('pairwise_leaks_prevented_total', ['exit'], {
    help: 'Answers that were held back because the rule of an exit (src/protocol/exits.ts) asked for it.',
  }),
  securityEvents: counter('pairwise_security_events_total', ['event', 'target'], {
    help: 'Security events by their name in the audit log (docs/audit.md). `target`: the client, else the sector or endpoint.',
  }),
  mappingSubjects: counter('pairwise_mapping_subjects_total', ['client', 'result'], {
    help: 'Old subjects that a vendor asked the mapping endpoint for: `answered`, `unknown`.',
  }),
  reverseLookups: gauge('pairwise_reverse_lookups_in_hour', ['of'], {
    help: 'Users whom operators asked for in this clock hour, by API, dashboard or command line: `all`, and `one_actor` for whoever asked most.',
    across: 'max',
  }),
  clients: gauge('pairwise_clients', ['phase'], { help: 'Clients by phase.', across: 'max' }),
  clientPhase: gauge('pairwise_client_phase', ['client', 'phase'], {
    help: '1 for the phase that a client is in.',
    across: 'max',
  }),
  pilotPercent: gauge('pairwise_client_pilot_percent', ['client'], {
    help: 'The share of users that `pairwise` is narrowed to; 100 without a pilot.',
    across: 'max',
  }),
  keyAge: gauge('pairwise_signing_key_age_seconds', ['alg', 'state'], {
    help: 'The age of the oldest signing key in a state: `next`, `active`, `retired`.',
    across: 'max',
  }),
  saltAge: gauge('pairwise_salt_age_seconds', ['version', 'state'], {
    help: 'The age of a version of the salt that is not destroyed.',
    across: 'max',
  }),
  saltGrace: gauge('pairwise_salt_grace_remaining_seconds', ['version'], {
    help: 'Seconds until a retired version of the salt is destroyed; below zero: that is overdue.',
    across: 'min',
  }),
  auditHeight: gauge('pairwise_audit_height', [], {
    help: 'The last position of the audit chain.',
    across: 'max',
  }),
  auditHead: gauge('pairwise_audit_head', [], {
    help: 'The first 48 bits of the hash there, as a number: where two replicas tell another one at the same height, one was changed.',
    across: 'max',
  }),
  deliveriesWaiting: gauge('pairwise_deliveries_waiting', ['queue'], {
    help: '`logout`: logout tokens that no vendor has taken yet; `events`: batches of changed subjects that the slowest receiver is behind; `security`: security events that your own receiver has not taken yet.',
    across: 'max',
  }),
  receiversFailing: gauge('pairwise_event_receivers_failing', [], {
    help: 'Receivers of events whose last attempt failed.',
    across: 'max',
  }),
  deliveriesAbandoned: counter('pairwise_deliveries_abandoned_total', ['queue'], {
    help: 'Logout tokens, events and security events that were given up.',
  }),
} as const satisfies Readonly<Record<string, Definition>>;

type Options = { readonly help: string };

function counter<const L extends readonly string[]>(name: string, labels: L, { help }: Options) {
  return { kind: 'counter', name, help, labels } as const;
}

function histogram<const L extends readonly string[]>(name: string, labels: L, { help }: Options) {
  return { kind: 'histogram', name, help, labels } as const;
}

function gauge<const L extends readonly string[]>(
  name: string,
  labels: L,
  { help, across }: Options & { readonly across: 'sum' | 'min' | 'max' },
) {
  return { kind: 'gauge', name, help, labels, across } as const;
}
