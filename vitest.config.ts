import { availableParallelism } from 'node:os';

import { defineConfig } from 'vitest/config';

import { takeOut } from './test/leaks/take-out-plugin.ts';

const { TAKE_OUT } = process.env;

export default defineConfig({
  plugins: TAKE_OUT === undefined ? [] : [takeOut(TAKE_OUT)],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    isolate: true,
    // A cached module would be the one with the rule in it.
    fsModuleCache: TAKE_OUT === undefined,
    // Databases, browsers and processes work beside each of these.
    maxWorkers: Math.min(4, availableParallelism()),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
