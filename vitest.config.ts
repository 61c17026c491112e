import { availableParallelism } from 'node:os';

import { configDefaults, defineConfig } from 'vitest/config';

import { takeOut } from './test/leaks/take-out-plugin.ts';

const { TAKE_OUT, FAULTS } = process.env;

/** What takes minutes is for `npm run test:faults`. */
const LATER = FAULTS === 'all' ? [] : ['test/faults/long/**'];

/** Where a branch that nothing takes is a promise that nothing proves. */
const COVERED = ['src/tokens', 'src/subjects', 'src/protocol'];

export default defineConfig({
  plugins: TAKE_OUT === undefined ? [] : [takeOut(TAKE_OUT)],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...LATER],
    globalSetup: ['test/support/global-setup.ts'],
    // What files share is loaded once; none changes it, and take-outs alone need it anew.
    isolate: TAKE_OUT !== undefined,
    // A cached module would be the one with the rule in it.
    fsModuleCache: TAKE_OUT === undefined,
    coverage: {
      provider: 'v8',
      include: COVERED.map((folder) => `${folder}/**`),
      reporter: [['text', { maxCols: 120 }], 'json-summary'],
      thresholds: Object.fromEntries(COVERED.map((folder) => [`${folder}/**`, { branches: 98 }])),
    },
    // One more than cores: tests also wait, for processes, downloads and what should not come.
    maxWorkers: Math.min(4, availableParallelism() + 1),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
