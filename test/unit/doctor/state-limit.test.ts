import { afterAll, beforeAll, expect, test } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { environmentOn, itemsOf, run } from '../cli/command-line.ts';
import type { Environment } from '../cli/command-line.ts';

const ACME = 'https://acme.example/callback';
const SECRET = 'what-the-proxy-uses';

let upstream: Upstream;
let database: TestDatabase;
const environment = (more: Environment = {}): Environment =>
  environmentOn(database.location, {
    UPSTREAM_ISSUER: upstream.issuer,
    ...{ SECRET, VENDOR: 'what-the-vendor-uses' },
    ...more,
  });

beforeAll(async () => {
  upstream = await startUpstream({
    clients: [{ client_id: 'acme-upstream', client_secret: SECRET, redirect_uris: [ACME] }],
    profiles: ['state-limit'],
  });
  database = await freshDatabase('sqlite');
  await run(environment(), ['vendor', 'create', 'acme']);
  await run(environment(), [
    ...['client', 'create', 'acme-web', '--vendor', 'acme', '--redirect-uri', ACME],
    ...['--client-secret-env', 'VENDOR', '--upstream-client-id', 'acme-upstream'],
    ...['--upstream-client-secret-env', 'SECRET'],
  ]);
});
afterAll(async () => {
  await upstream.close();
  await database.close();
});

const stateLimitFound = async (more: Environment): Promise<readonly object[]> => {
  const ran = await run(environment(more), ['doctor', '--json']);
  return itemsOf(ran).filter(({ name }) => name === 'state_limit');
};

test('doctor names the limit to set where the upstream carries no longer state', async () => {
  expect(await stateLimitFound({})).toMatchObject([
    { level: 'problem', hint: 'Set UPSTREAM_STATE_LIMIT=255.' },
  ]);
});

test('doctor is content with a limit that fits', async () => {
  expect(await stateLimitFound({ UPSTREAM_STATE_LIMIT: '255' })).toEqual([]);
});
