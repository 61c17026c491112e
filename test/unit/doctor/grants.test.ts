import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import { environmentOn, itemsOf, run } from '../cli/command-line.ts';
import type { Ran } from '../cli/command-line.ts';

/*
 * Device logins, CIBA and token exchange need an upstream that has them. A client that asks for
 * one of them is refused when it is registered, not when its first user waits for a login.
 */

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const CIBA = 'urn:openid:params:grant-type:ciba';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ALL = [DEVICE, CIBA, EXCHANGE];

let able: Upstream;
let plain: Upstream;
let gone: string;
let database: TestDatabase;
beforeAll(async () => {
  const elsewhere = { device: true, ciba: true, tokenExchange: true };
  able = await startUpstream({ clients: [], elsewhere });
  plain = await startUpstream({ clients: [] });
  const away = await startUpstream({ clients: [] });
  gone = away.issuer;
  await away.close();
});
afterAll(async () => {
  await able.close();
  await plain.close();
});
beforeEach(async () => {
  database = await freshDatabase('sqlite');
  return () => database.close();
});

const entry = (grantTypes: readonly string[]) => ({
  client_id: 'acme-tv',
  client_secret: 'what-the-vendor-uses-0123456789',
  upstream: { client_id: 'legacy-acme', client_secret: 'what-the-proxy-uses-0123456789' },
  grant_types: grantTypes,
});

function command(issuer: string, argv: readonly string[], stdin: object = {}): Promise<Ran> {
  const environment = environmentOn(database.location, { UPSTREAM_ISSUER: issuer });
  return run(environment, argv, JSON.stringify(stdin));
}

const apply = (issuer: string, grantTypes: readonly string[], more: readonly string[] = []) =>
  command(issuer, ['apply', '-f', '-', ...more], {
    vendors: [{ id: 'acme', clients: [entry(grantTypes)] }],
  });

const create = async (issuer: string, grantTypes: readonly string[]) => {
  await command(issuer, ['vendor', 'create', 'acme']);
  const argv = ['client', 'create', '--vendor', 'acme', '--file', '-'];
  return command(issuer, argv, entry(grantTypes));
};

const update = async (issuer: string, grantTypes: readonly string[]) => {
  await create(issuer, ['client_credentials']);
  const argv = ['client', 'update', 'acme-tv', '--file', '-'];
  return command(issuer, argv, { grant_types: grantTypes });
};

describe.each([
  ['apply', apply],
  [
    'apply --dry-run',
    (issuer: string, types: readonly string[]) => apply(issuer, types, ['--dry-run']),
  ],
  ['client create', create],
  ['client update', update],
])('%s', (_name, register) => {
  it.each(ALL)('refuses %s where the upstream lacks it', async (grant) => {
    const ran = await register(plain.issuer, ['client_credentials', grant]);
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain(`grant_types: names ${grant}, which the upstream does not have`);
  });

  it('takes them where the upstream has them', async () => {
    expect(await register(able.issuer, ['client_credentials', ...ALL])).toMatchObject({ exit: 0 });
  });

  it('warns where the upstream cannot be asked', async () => {
    const ran = await register(gone, ['client_credentials', DEVICE]);
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toContain(`warning: names ${DEVICE}, and the upstream could not be asked`);
    expect(ran.stdout).toContain('run doctor');
  });

  it('asks nobody where nothing of the upstream’s is needed', async () => {
    const ran = await register(gone, ['client_credentials']);
    expect(ran).toMatchObject({ exit: 0, stderr: '' });
    expect(ran.stdout).not.toContain('warning');
  });
});

describe('doctor', () => {
  const grantFindings = async (issuer: string) =>
    itemsOf(await command(issuer, ['doctor', '--json'])).filter(
      ({ name }) => name === 'grant_types',
    );

  it('names what a client is registered for and the upstream lacks', async () => {
    await apply(able.issuer, ['client_credentials', ...ALL]);
    expect(await grantFindings(able.issuer)).toEqual([]);
    const [finding] = await grantFindings(plain.issuer);
    expect(finding).toMatchObject({ level: 'problem', client: 'acme-tv' });
    for (const grant of ALL) expect(finding?.['message']).toContain(grant);
  });
});
