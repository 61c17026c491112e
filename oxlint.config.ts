import { defineConfig } from 'oxlint';

import { DIRECTIONS } from './lint/directions.ts';
import { restrict } from './lint/restrict.ts';

export default defineConfig({
  plugins: ['eslint', 'typescript', 'import', 'node', 'oxc', 'unicorn', 'promise', 'vitest'],
  jsPlugins: ['./lint/clock.mjs'],
  ignorePatterns: ['**/node_modules', 'dist', 'data', 'coverage'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  rules: {
    // Promises
    'typescript/no-floating-promises': ['error', { ignoreVoid: true }],
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/only-throw-error': 'error',
    'promise/no-multiple-resolved': 'error',
    // Modules and types
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'typescript/consistent-type-imports': 'error',
    'typescript/no-namespace': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/switch-exhaustiveness-check': [
      'error',
      { considerDefaultExhaustiveForUnions: true },
    ],
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'prefer-const': 'error',
    'no-var': 'error',
    'no-warning-comments': 'error',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    // Tests speak through helpers, properties and values that are functions
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/require-to-throw-message': 'off',
    'vitest/valid-title': 'off',
    // The type checker says it better
    'typescript/consistent-return': 'off',
    'typescript/no-base-to-string': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    'import/no-named-as-default-member': 'off',
    // A matter of taste here
    'no-await-in-loop': 'off',
    'no-control-regex': 'off',
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
    'oxc/no-async-endpoint-handlers': 'off',
    'oxc/no-map-spread': 'off',
    'promise/no-callback-in-promise': 'off',
    'typescript/no-misused-spread': 'off',
    'typescript/no-unnecessary-template-expression': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-useless-spread': 'off',
    'unicorn/prefer-set-has': 'off',
  },
  overrides: [
    {
      files: ['src/**'],
      rules: {
        'import/no-default-export': 'error',
        'oxc/no-barrel-file': ['error', { threshold: 0 }],
        'node/no-process-env': 'error',
        'no-console': 'error',
        'max-lines': ['error', 350],
        'typescript/no-deprecated': 'error',
        'typescript/no-explicit-any': 'error',
        'typescript/no-non-null-assertion': 'error',
      },
    },
    { files: ['src/config/**'], rules: { 'node/no-process-env': 'off' } },
    ...DIRECTIONS.map(restrict),
    {
      files: ['test/**', 'demo/**'],
      rules: {
        'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
        'no-unmodified-loop-condition': 'off',
      },
    },
    { files: ['**/*.d.ts'], rules: { 'typescript/consistent-type-imports': 'off' } },
  ],
});
