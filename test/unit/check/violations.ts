/** Something that a check must find: where it is planted, what it says, and the rule that finds it. */
export interface Violation {
  readonly path: string;
  readonly text: string;
  readonly rule: string;
}

const IMPORTS = 'eslint(no-restricted-imports)';

/** Imports that leave the directions: by folder, what a file there must not import. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  'src/config/': ['../errors.ts', '../database/connection.ts', 'knex'],
  'src/observability/': ['../database/connection.ts', '../protocol/message.ts', 'express'],
  'src/database/': ['../vendors/client.ts', '../tokens/seal.ts', '../http/form.ts', 'jose'],
  'migrations/': ['../src/database/changes.ts', 'express'],
  'src/tokens/': [
    ...[
      'express',
      'knex',
      'undici',
      'node:fs',
      'node:http',
      'node:process',
      'http-proxy-middleware',
    ],
    ...['../database/bytes.ts', '../vendors/client.ts', '../subjects/store.ts'],
    ...['../upstream/exchange.ts', '../protocol/grant.ts', '../http/form.ts', '../cli/output.ts'],
  ],
  'src/subjects/': [
    ...['../tokens/seal.ts', '../upstream/exchange.ts', '../protocol/grant.ts', '../http/form.ts'],
    ...['knex', 'jose', 'express', 'undici'],
  ],
  'src/subjects/salts/': ['../../tokens/seal.ts', '../../http/form.ts', 'knex'],
  'src/vendors/': [
    ...['../tokens/seal.ts', '../subjects/store.ts', '../upstream/exchange.ts'],
    ...['../protocol/grant.ts', '../http/form.ts', '../cli/output.ts', 'knex', 'openid-client'],
  ],
  'src/upstream/': [
    ...['../database/connection.ts', '../tokens/seal.ts', '../subjects/store.ts'],
    ...['../vendors/registry.ts', '../protocol/grant.ts', '../http/form.ts'],
    ...['express', 'http-proxy-middleware', 'openid-client', 'jose', 'knex'],
  ],
  'src/upstream/relay/': [
    ...['../../protocol/grant.ts', '../../database/connection.ts', 'http-proxy-middleware', 'jose'],
  ],
  'src/grants/': ['../tokens/seal.ts', '../protocol/grant.ts', 'knex'],
  'src/signing/': ['../subjects/store.ts', '../protocol/grant.ts', 'jose', 'knex'],
  'src/protocol/': [
    ...['../http/form.ts', '../database/connection.ts', '../cli/output.ts', '../compose.ts'],
    ...['../admin/page.ts', '../dashboard/page.ts', 'express', 'knex', 'jose', 'undici'],
    ...['openid-client', 'hono/html'],
  ],
  'src/http/': [
    ...['../database/connection.ts', '../tokens/seal.ts', '../compose.ts', '../cli/output.ts'],
    ...['knex', 'jose', 'undici'],
  ],
  'src/admin/': [
    '../dashboard/page.ts',
    '../protocol/grant.ts',
    '../http/form.ts',
    '../cli/output.ts',
    'knex',
    'jose',
  ],
  'src/dashboard/': [
    ...['../protocol/grant.ts', '../database/connection.ts', '../vendors/client-store.ts'],
    ...['../operations/lookup-subject.ts', 'knex', 'jose', 'undici', 'openid-client'],
  ],
  'src/dashboard/pages/': [
    '../../operations/edit-client.ts',
    '../../database/sessions.ts',
    'express',
  ],
  'src/doctor/': ['../http/form.ts', '../cli/output.ts', '../serve.ts', 'undici', 'knex', 'jose'],
  'src/cli/': [
    ...['../http/form.ts', '../compose.ts', '../serve.ts', '../main.ts', '../protocol/grant.ts'],
    ...['../admin/page.ts', 'express', 'knex', 'jose'],
  ],
  'src/cli/commands/': ['../../serve.ts', '../../http/form.ts', 'knex'],
  // A folder that nobody has given a line yet.
  'src/newcomer/': ['../errors.ts', 'knex'],
};

const imported = Object.entries(FORBIDDEN).flatMap(([folder, specifiers]) =>
  specifiers.map((specifier, index): Violation => {
    const path = `${folder}planted-import-${index}.ts`;
    return {
      path,
      rule: IMPORTS,
      text: `import * as planted from '${specifier}';\nexport { planted };\n`,
    };
  }),
);

/** Other ways to the same import, each of which must be seen. */
const ways: readonly Violation[] = [
  [
    'named',
    "import { exchange } from '../upstream/exchange.ts';\nexport const planted = exchange;\n",
  ],
  ['type', "import type { Knex } from 'knex';\nexport type Planted = Knex;\n"],
  ['path', "import client from 'knex/lib/client.js';\nexport const planted = client;\n"],
  ['types-only', "import { x } from '../vendors/client.ts';\nexport const planted = x;\n"],
  ['export', "export { exchange } from '../upstream/exchange.ts';\n"],
  ['dynamic', "export const planted = await import('undici');\n"],
  ['index', "import { planted } from './parts/index.ts';\nexport const again = planted;\n"],
  ['utils', "import { planted } from './utils.ts';\nexport const again = planted;\n"],
].map(([name = '', text = '']) => ({ path: `src/tokens/planted-${name}.ts`, rule: IMPORTS, text }));

const named = (name: string): string =>
  `import { ${name} } from '../subjects/released.ts';\nexport const planted = ${name};\n`;

/** The one entrance: who mints or revives a released subject. */
const subjects: readonly Violation[] = [
  ...['tokens', 'vendors', 'protocol', 'http', 'cli', 'upstream', 'signing'].map((folder) => ({
    path: `src/${folder}/planted-mint.ts`,
    rule: IMPORTS,
    text: named('mintReleasedSubject'),
  })),
  ...['tokens', 'vendors', 'http', 'cli'].map((folder) => ({
    path: `src/${folder}/planted-revive.ts`,
    rule: IMPORTS,
    text: named('reviveReleasedSubject'),
  })),
  {
    path: 'src/protocol/planted-mint-by-namespace.ts',
    rule: IMPORTS,
    text: "import * as released from '../subjects/released.ts';\nexport const planted = released;\n",
  },
];

/** What a pure module must not know. */
const pure: readonly Violation[] = [
  ['fetch', "fetch('http://localhost/')", 'eslint(no-restricted-globals)'],
  ['process', 'process.cwd()', 'eslint(no-restricted-globals)'],
  ['timer', 'setTimeout(() => {}, 1)', 'eslint(no-restricted-globals)'],
  ['now', 'Date.now()', 'eslint(no-restricted-properties)'],
  ['random', 'Math.random()', 'eslint(no-restricted-properties)'],
  ['global', 'globalThis.fetch', 'eslint(no-restricted-properties)'],
  ['date', 'new Date()', 'pairwise(no-own-clock)'],
].map(([name = '', expression = '', rule = '']) => ({
  path: `src/tokens/planted-${name}.ts`,
  text: `export const planted = ${expression};\n`,
  rule,
}));

/** The same in single files that are pure in a folder that is not; these are replaced. */
const pureFiles: readonly Violation[] = ['sector', 'derive', 'local-subject'].flatMap((module) => {
  const path = `src/subjects/${module}.ts`;
  const text =
    "import * as store from './store.ts';\nimport * as random from 'lru-cache';\n" +
    'export const planted = [store, random, fetch, Date.now(), new Date()];\n';
  const rules = ['restricted-imports', 'restricted-globals', 'restricted-properties'];
  return [...rules.map((name) => `eslint(no-${name})`), 'pairwise(no-own-clock)'].map((rule) => ({
    ...{ path, text, rule },
  }));
});

const promise = 'const work = async (): Promise<number> => 1;\n';

const others: readonly Violation[] = [
  {
    path: 'src/http/planted-environment.ts',
    text: "export const planted = process.env['HOME'];\n",
    rule: 'node(no-process-env)',
  },
  {
    path: 'src/http/planted-default.ts',
    text: 'export default 1;\n',
    rule: 'import(no-default-export)',
  },
  {
    path: 'src/protocol/planted-barrel.ts',
    text: "export * from './code.ts';\n",
    rule: 'oxc(no-barrel-file)',
  },
  {
    path: 'src/vendors/planted-cycle.ts',
    text: "import { other } from './planted-cycle-back.ts';\nexport const planted = (): number => other();\n",
    rule: 'import(no-cycle)',
  },
  {
    path: 'src/vendors/planted-cycle-back.ts',
    text: "import { planted } from './planted-cycle.ts';\nexport const other = (): number => planted();\n",
    rule: 'import(no-cycle)',
  },
  {
    path: 'src/http/planted-floating.ts',
    text: `${promise}export function planted(): void {\n  work();\n}\n`,
    rule: 'typescript(no-floating-promises)',
  },
  {
    path: 'src/http/planted-misused.ts',
    text: `${promise}export const planted = (): string => (work() ? 'yes' : 'no');\n`,
    rule: 'typescript(no-misused-promises)',
  },
  {
    path: 'src/http/planted-await.ts',
    text: 'export const planted = async (): Promise<number> => await 1;\n',
    rule: 'typescript(await-thenable)',
  },
  {
    path: 'src/http/planted-return.ts',
    text: `${promise}export async function planted(): Promise<number> {\n  try {\n    return work();\n  } catch {\n    return 0;\n  }\n}\n`,
    rule: 'typescript(return-await)',
  },
  {
    path: 'src/http/planted-rejection.ts',
    text: "export const planted = (): Promise<never> => Promise.reject('text');\n",
    rule: 'typescript(prefer-promise-reject-errors)',
  },
  {
    path: 'src/http/planted-throw.ts',
    text: "export function planted(): never {\n  throw 'text';\n}\n",
    rule: 'typescript(only-throw-error)',
  },
  {
    path: 'src/http/planted-any.ts',
    text: 'export const planted = (value: any): string => String(value);\n',
    rule: 'typescript(no-explicit-any)',
  },
  {
    path: 'src/http/planted-console.ts',
    text: "console.log('text');\n",
    rule: 'eslint(no-console)',
  },
  {
    path: 'src/http/planted-switch.ts',
    text: "export function planted(value: 'a' | 'b'): number {\n  switch (value) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    path: 'src/http/planted-long.ts',
    text: Array.from({ length: 351 }, (_, index) => `export const p${index} = ${index};\n`).join(
      '',
    ),
    rule: 'eslint(max-lines)',
  },
];

/** One file for each thing that the linter must refuse. */
export const LINT_VIOLATIONS: readonly Violation[] = [
  ...imported,
  ...ways,
  ...subjects,
  ...pure,
  ...pureFiles,
  ...others,
];
