/**
 * Who may import whom. Each line lists everything of `src` that a folder knows;
 * a later line of the same file replaces an earlier one. What is not listed is refused.
 */
export interface Direction {
  /** Globs of the files that the line is about. */
  readonly files: readonly string[];
  /** The way from those files to `src/`. */
  readonly up: './' | '../' | '../../';
  /** Paths below `src/`. */
  readonly knows: readonly string[];
  /** Paths below `src/` of which only types are known. */
  readonly knowsTypesOf?: readonly string[];
  /** Which of the guarded libraries may be used. */
  readonly libraries?: readonly Library[];
  /** Only computation: the packages named, no clock, no network, no files, no environment. */
  readonly pure?: readonly string[];
  /** What may be done with released subjects; nothing unless said. */
  readonly subjects?: 'mint' | 'revive';
}

export type Library = keyof typeof LIBRARIES;

/** The libraries that have one place each. */
export const LIBRARIES = {
  knex: { packages: 'knex|mysql2', place: 'database/' },
  jose: { packages: 'jose', place: 'tokens/' },
  relay: { packages: 'http-proxy-middleware|httpxy', place: 'upstream/relay.ts' },
  express: {
    packages: 'express|helmet|cors',
    place: 'http/, admin/, dashboard/, compose.ts and the relay',
  },
  openidClient: {
    packages: 'openid-client|oauth4webapi',
    place: 'upstream discovery, and dashboard logins',
  },
  templates: { packages: 'hono|d3-scale', place: 'dashboard/' },
  undici: { packages: 'undici', place: 'upstream/' },
  metrics: { packages: 'prom-client', place: 'observability/metrics/' },
  tracing: { packages: '@opentelemetry', place: 'observability/tracing/' },
  commander: { packages: 'commander|cli-table3', place: 'cli/' },
} as const;

const BASE = ['errors.ts', 'result.ts', 'config/types.ts'];
const LOG = 'observability/logger.ts';
const HASH = 'keyed-hash.ts';
const UPSTREAM = [...BASE, LOG, 'tokens/algorithms.ts', 'tokens/json-object.ts'];
const SUBJECTS = [
  ...[...BASE, LOG, HASH, 'database/**', 'audit/**'],
  ...['vendors/client.ts', 'vendors/phase.ts'],
];
const SERVICES = ['tokens/**', 'subjects/**', 'vendors/**', 'upstream/**'];
const GLUE = ['grants/**', 'signing/**', 'outbound/**'];
const BELOW_OPERATIONS = [
  ...[...BASE, 'config/**', 'observability/**', 'database/**', 'audit/**'],
  ...[...SERVICES, ...GLUE],
];
const DASHBOARD = [
  ...['errors.ts', LOG, 'admin/**', 'database/at-rest.ts'],
  ...['operations/admin-tokens.ts', 'operations/dashboard-sessions.ts', 'tokens/client-secret.ts'],
];
const BELOW_CLI = [...BELOW_OPERATIONS, 'operations/**'];

export const DIRECTIONS: readonly Direction[] = [
  // A new folder knows nothing until it has a line.
  { files: ['src/**'], up: '../', knows: [] },
  {
    files: ['src/errors.ts', 'src/result.ts', 'src/keyed-hash.ts'],
    up: './',
    knows: ['errors.ts', 'result.ts', 'reasons/**'],
  },
  { files: ['src/reasons/**'], up: '../', knows: ['reasons/**'] },
  { files: ['src/config/**'], up: '../', knows: [] },
  { files: ['src/observability/*.ts'], up: '../', knows: [...BASE, 'config/concealed.ts'] },
  {
    files: ['src/observability/*/**'],
    up: '../../',
    knows: [...BASE, 'observability/request-id.ts'],
    libraries: ['metrics', 'tracing'],
  },
  {
    files: ['src/database/**'],
    up: '../',
    knows: [...BASE, LOG, HASH, '../migrations/**'],
    libraries: ['knex'],
  },
  // Whoever acts appends to the log in the same transaction, so it stands below them all.
  {
    files: ['src/audit/**'],
    up: '../',
    knows: [...BASE, LOG, HASH, 'database/**'],
    knowsTypesOf: ['observability/watched-lines.ts'],
  },
  // What a migration does must not change with the code around it.
  { files: ['migrations/**'], up: '../', knows: ['src/database/tables.ts'] },
  {
    files: ['src/tokens/**'],
    up: '../',
    knows: ['errors.ts', 'result.ts', HASH, 'subjects/local-subject.ts'],
    knowsTypesOf: [
      'config/types.ts',
      'subjects/released.ts',
      'vendors/client.ts',
      'vendors/client-keys.ts',
      'vendors/migration-members.ts',
    ],
    libraries: ['jose'],
    pure: ['jose', 'cborg', 'lru-cache'],
  },
  { files: ['src/subjects/*.ts'], up: '../', knows: SUBJECTS, subjects: 'mint' },
  { files: ['src/subjects/*/**'], up: '../../', knows: SUBJECTS, subjects: 'mint' },
  {
    files: ['src/subjects/{sector,derive,local-subject}.ts'],
    up: '../',
    knows: ['errors.ts', 'result.ts', HASH],
    knowsTypesOf: ['config/types.ts', 'vendors/client.ts'],
    pure: [],
  },
  {
    files: ['src/vendors/**'],
    up: '../',
    knows: [
      ...[...BASE, LOG, 'database/**', 'audit/**', 'subjects/sector.ts'],
      ...['tokens/algorithms.ts', 'tokens/released-names.ts'],
    ],
    knowsTypesOf: ['subjects/released.ts'],
  },
  { files: ['src/upstream/*.ts'], up: '../', knows: UPSTREAM, libraries: ['undici'] },
  {
    files: ['src/upstream/{metadata,provider}.ts'],
    up: '../',
    knows: UPSTREAM,
    libraries: ['undici', 'openidClient'],
  },
  {
    files: ['src/upstream/relay.ts'],
    up: '../',
    knows: [...UPSTREAM, 'observability/tracing/spans.ts'],
    libraries: ['relay', 'express'],
  },
  { files: ['src/upstream/relay/**'], up: '../../', knows: UPSTREAM, libraries: ['express'] },
  // What vendors are asked for.
  {
    files: ['src/outbound/**'],
    up: '../',
    knows: [...BASE, LOG, 'upstream/exchange.ts', 'upstream/json.ts', 'vendors/client-keys.ts'],
    knowsTypesOf: ['vendors/client.ts', 'upstream/guarded-connector.ts'],
  },
  { files: ['src/grants/**'], up: '../', knows: [...BASE, LOG, 'database/**', 'audit/**'] },
  {
    files: ['src/signing/**'],
    up: '../',
    knows: [...BASE, LOG, 'database/**', 'audit/**', 'tokens/**'],
  },
  // Those that show what operations do know them; operations know none of those.
  { files: ['src/operations/**'], up: '../', knows: BELOW_OPERATIONS },
  {
    files: ['src/protocol/**'],
    up: '../',
    knows: [...BASE, 'observability/**', ...SERVICES, ...GLUE, 'operations/**'],
    subjects: 'revive',
  },
  {
    files: ['src/http/**'],
    up: '../',
    knows: [...BASE, 'observability/**', 'protocol/**', 'admin/**'],
    knowsTypesOf: ['vendors/**', 'upstream/**'],
    libraries: ['express'],
  },
  {
    files: ['src/admin/*.ts'],
    up: '../',
    knows: [...BELOW_CLI, '../package.json'],
    libraries: ['express'],
  },
  { files: ['src/admin/*/**'], up: '../../', knows: BELOW_CLI },
  // Pages over the operations of the admin API: none of them reads or changes anything by itself.
  {
    files: ['src/dashboard/*.ts'],
    up: '../',
    knows: DASHBOARD,
    knowsTypesOf: ['config/types.ts'],
    libraries: ['express', 'templates'],
  },
  {
    files: ['src/dashboard/provider-login.ts'],
    up: '../',
    knows: [],
    knowsTypesOf: [
      ...['config/types.ts', 'operations/dashboard-sessions.ts'],
      ...['upstream/exchange.ts', 'upstream/provider.ts'],
    ],
    libraries: ['openidClient'],
  },
  { files: ['src/dashboard/*/**'], up: '../../', knows: ['admin/**'], libraries: ['templates'] },
  // It walks a login through a proxy of its own, so it composes one, and asks which addresses are ours.
  { files: ['src/doctor/**'], up: '../', knows: [...BELOW_CLI, 'compose.ts', 'http/routes.ts'] },
  {
    files: ['src/cli/*.ts'],
    up: '../',
    knows: [...BELOW_CLI, 'doctor/**', '../package.json'],
    libraries: ['commander'],
  },
  {
    files: ['src/cli/*/**'],
    up: '../../',
    knows: [...BELOW_CLI, 'doctor/**'],
    libraries: ['commander'],
  },
  // Parts of compose.ts, each wired in a file of its own.
  {
    files: ['src/composition/**'],
    up: '../',
    knows: [...BELOW_CLI, 'protocol/**', 'admin/**', 'dashboard/**', '../package.json'],
  },
  {
    files: ['src/compose.ts'],
    up: './',
    knows: [...BELOW_CLI, 'http/**', 'admin/**', 'protocol/**', 'composition/**'],
    libraries: ['express'],
  },
  {
    files: ['src/serve.ts'],
    up: './',
    knows: ['compose.ts', 'errors.ts', 'config/**', 'database/**', 'observability/**'],
  },
  { files: ['src/main.ts'], up: './', knows: ['serve.ts', 'cli/**', 'config/**'] },
];
