import { fileURLToPath } from 'node:url';

import { auditProduction } from './audit.ts';

/**
 * `npm run check:audit`: 0 where no serious vulnerability of a production dependency is
 * known, 1 where one is, 3 where the registry did not say.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const verdict = await auditProduction(ROOT, process.argv[2]);

if (verdict.state === 'clean') {
  console.log(
    `Production dependencies: no known high or critical vulnerability, ${verdict.lesser} lesser.`,
  );
} else if (verdict.state === 'vulnerable') {
  console.error(`Vulnerable production dependencies: ${verdict.packages.join(', ')}.`);
  process.exitCode = 1;
} else {
  console.error(`Production dependencies: NOT CHECKED. ${verdict.reason}`);
  process.exitCode = 3;
}
