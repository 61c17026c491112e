#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [major = 0] = process.versions.node.split('.').map(Number);
const ownNode = here('../node_modules/node/bin/node');

if (major < 24 && existsSync(ownNode)) {
  // An older Node stands on this machine; the checkout brings the right one along.
  const args = [here('./pairwise-proxy.mjs'), ...process.argv.slice(2)];
  const child = spawn(ownNode, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('close', (code) => {
    process.exitCode = code ?? 1;
  });
} else if (major < 24) {
  console.error(`pairwise-proxy needs Node.js 24 or newer; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  const source = here('../src/main.ts');
  await import(existsSync(source) ? source : here('../dist/src/main.js'));
}
