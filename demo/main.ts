import { parseArgs } from 'node:util';

import { ALICE, BOB } from './legacy-idp/users.ts';
import { logInEverywhere } from './logins.ts';
import type { Outcome } from './logins.ts';
import { brokenPromises } from './promises.ts';
import { addressesOf, tableOf } from './report.ts';
import { setScene } from './scene.ts';

const USAGE = `npm run demo [-- --once]

Starts a legacy identity provider, the proxy, and two vendors; logs the same two
users into both vendors and shows who each of them sees. Stays up until Ctrl+C.

  --once   end after the table; the exit code is 1 if a promise was broken
`;

const { values } = parseArgs({
  options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) console.log(USAGE);
else await play(values.once === true);

async function play(once: boolean): Promise<void> {
  const undoings: (() => Promise<unknown>)[] = [];
  // Until the promises are seen to be kept; an interruption before that is no success.
  process.exitCode = 1;
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interruption.abort());
  }
  try {
    await show(once, interruption.signal, (undo) => undoings.unshift(undo));
  } catch (error) {
    if (!interruption.signal.aborted) {
      console.error(error instanceof Error ? error.message : error);
    }
    process.exitCode = 1;
  } finally {
    for (const undo of undoings) await undo();
  }
  process.exit();
}

async function show(
  once: boolean,
  interruption: AbortSignal,
  onClose: (undo: () => Promise<unknown>) => void,
): Promise<void> {
  console.log('Starting a legacy identity provider, the proxy, and two vendors …');
  const scene = await setScene(interruption, onClose);
  const outcomes: Outcome[] = [];
  for (const user of [ALICE, BOB]) {
    interruption.throwIfAborted();
    outcomes.push(await logInEverywhere(scene, user));
  }
  console.log(`\n${tableOf(scene, outcomes)}\n`);

  const broken = brokenPromises(scene, outcomes);
  if (broken.length > 0) {
    throw new Error(`Broken promises:\n${broken.map((promise) => `  - ${promise}`).join('\n')}`);
  }
  process.exitCode = 0;
  console.log(
    'Two vendors, two subjects for each user, the same at every login; no username, no e-mail, no trace of the legacy IdP.\n',
  );
  if (once) return;
  console.log(`${addressesOf(scene, outcomes)}\n\nCtrl+C ends the demo.`);
  const interrupted = aborted(interruption);
  const ended = await Promise.race([interrupted, scene.proxyEnded]);
  if (ended !== undefined) throw new Error(`The proxy ended:\n${ended}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
