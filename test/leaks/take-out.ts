import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { EXITS } from '../../src/protocol/exits.ts';
import type { ExitName } from '../../src/protocol/exits.ts';
import { UNFIT_PATCH } from './take-out-plugin.ts';

/*
 * Takes each rule of protocol/exits.ts out in turn and sees its proof fail. A
 * proof that passes without its rule proves nothing, and ends this with 1.
 * Arguments name single exits.
 */

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

/** Fails whenever anything does, so its failure alone is no proof. */
const UNSPECIFIC = 'every step works';
const AT_ONCE = 2;

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'pairwise-take-out-'));

async function runProof(proof: string, exit: string | undefined): Promise<Report> {
  const outputFile = join(folder, `${exit ?? proof.replaceAll('/', '-')}.json`);
  const args = ['node_modules/vitest/vitest.mjs', 'run', proof];
  const { TAKE_OUT: _, ...environment } = process.env;
  await run(process.execPath, [...args, '--reporter=json', `--outputFile=${outputFile}`], {
    env: { ...environment, ...(exit === undefined ? {} : { TAKE_OUT: exit }) },
    maxBuffer: 64 * 1024 * 1024,
  }).catch(() => undefined);
  return JSON.parse(await readFile(outputFile, 'utf8')) as Report;
}

/** Undefined: the proof failed as it should. */
async function complaintAbout(exit: ExitName): Promise<string | undefined> {
  const { testResults } = await runProof(EXITS[exit].proof, exit);
  if (testResults.some(({ message }) => message.includes(UNFIT_PATCH))) return UNFIT_PATCH;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status, title }) => status === 'failed' && title !== UNSPECIFIC);
  return failed.length > 0 ? undefined : `${EXITS[exit].proof} passes without it`;
}

const named = process.argv.slice(2);
const exits = (Object.keys(EXITS) as ExitName[]).filter(
  (exit) => named.length === 0 || named.includes(exit),
);
const complaints: string[] = [];
for (const proof of new Set(exits.map((exit) => EXITS[exit].proof))) {
  const { numPassedTests, testResults } = await runProof(proof, undefined);
  const failed = testResults.some(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === 'failed'),
  );
  if (failed || numPassedTests === 0) complaints.push(`${proof} fails with every rule in place`);
}
const waiting = [...exits];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let exit = waiting.shift(); exit !== undefined; exit = waiting.shift()) {
      const complaint = await complaintAbout(exit);
      console.log(`${complaint === undefined ? 'seen to fail' : 'NOT PROVEN  '}  ${exit}`);
      if (complaint !== undefined) complaints.push(`${exit}: ${complaint}`);
    }
  }),
);
await rm(folder, { recursive: true, force: true });
for (const complaint of complaints) console.error(complaint);
console.log(`${exits.length} rules taken out, ${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;
