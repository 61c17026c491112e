import { resolve } from 'node:path';

import type { Plugin } from 'vite';

import type { ExitName } from '../../src/protocol/exits.ts';
import { TAKE_OUTS } from './take-outs.ts';

/** Says in a failure that the patch itself did not fit, which proves nothing. */
export const UNFIT_PATCH = 'this take-out does not fit the source any more';

/** Runs the tests with one rule of `protocol/exits.ts` taken out of the source. */
export function takeOut(exit: string): Plugin {
  const patches = TAKE_OUTS[exit as ExitName];
  return {
    name: 'take-out',
    enforce: 'pre',
    transform(code, id) {
      const path = id.split('?')[0] ?? id;
      const fitting = patches.filter(({ file }) => resolve(file) === path);
      return fitting.reduce((source, patch) => {
        if (source.split(patch.find).length !== 2) {
          throw new Error(`${UNFIT_PATCH}: ${exit} in ${patch.file}`);
        }
        return source.replace(patch.find, () => patch.replace);
      }, code);
    },
  };
}
