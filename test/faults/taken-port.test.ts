import { rm } from 'node:fs/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { listen } from '../support/listen.ts';
import { scratchFolder } from '../support/scratch.ts';
import { startProcess } from '../support/serve-process.ts';

let folder: string;
let occupant: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  folder = await scratchFolder('taken-port-');
  occupant = await listen(() => undefined);
});
afterAll(async () => {
  await occupant.close();
  await rm(folder, { recursive: true, force: true });
});

it('serve ends when its address is taken, and says which address and what to set', async () => {
  const started = startProcess(['serve'], {
    ISSUER: `http://localhost:${occupant.port}`,
    PUBLIC_LISTEN: `127.0.0.1:${occupant.port}`,
    ADMIN_LISTEN: '127.0.0.1:0',
    UPSTREAM_ISSUER: 'http://127.0.0.1:9',
    DATABASE_URL: `sqlite:${folder}/pairwise.sqlite`,
  });
  const ended = await started.ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(`127.0.0.1:${occupant.port} is taken`);
  expect(ended.stderr).toContain('PUBLIC_LISTEN');
});
