import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Finding } from '../../../src/doctor/finding.ts';
import { freshDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { listen } from '../../support/listen.ts';
import { withBody } from '../../support/upstream/answer.ts';
import { altered, status, withMembers } from '../../support/upstream/faults.ts';
import { startUpstream } from '../../support/upstream/start.ts';
import type { Upstream } from '../../support/upstream/start.ts';
import { environmentOn, itemsOf, run } from '../cli/command-line.ts';
import type { Environment, Ran } from '../cli/command-line.ts';

const SECRETS = { VENDOR: 'what-the-vendor-uses', UPSTREAM: 'what-the-proxy-uses' };
const ACME = 'https://acme.example/callback';
const BETA = 'https://beta.example/callback';

const ACME_UPSTREAM = {
  client_id: 'acme-upstream',
  client_secret: SECRETS.UPSTREAM,
  redirect_uris: [ACME],
};

let upstream: Upstream;
let database: TestDatabase;

const environment = (more: Environment = {}): Environment =>
  environmentOn(database.location, { UPSTREAM_ISSUER: upstream.issuer, ...SECRETS, ...more });

const command = (...argv: string[]): Promise<Ran> => run(environment(), argv);

const doctor = (more: Environment = {}): Promise<Ran> =>
  run(environment(more), ['doctor', '--json']);

/** The findings of one check, of one client where one is named. */
function found(ran: Ran, name: string, client?: string): readonly Finding[] {
  const all = itemsOf(ran) as unknown as readonly Finding[];
  return all.filter((finding) => finding.name === name && finding.client === client);
}

async function createAcme(): Promise<void> {
  await command('vendor', 'create', 'acme');
  await command(
    ...['client', 'create', 'acme-web', '--vendor', 'acme', '--redirect-uri', ACME],
    ...['--client-secret-env', 'VENDOR', '--upstream-client-id', 'acme-upstream'],
    ...['--upstream-client-secret-env', 'UPSTREAM', '--scope', 'openid profile email'],
  );
}

beforeAll(async () => {
  upstream = await startUpstream({ clients: [ACME_UPSTREAM] });
});

afterAll(() => upstream.close());

beforeEach(async () => {
  database = await freshDatabase('sqlite');
});

afterEach(async () => {
  upstream.faults.clear();
  upstream.setClients([ACME_UPSTREAM]);
  await database.close();
});

describe('a deployment in order', () => {
  test('ends with 0, and says what the walk to the login page found', async () => {
    await createAcme();
    const ran = await doctor();
    expect(ran.exit).toBe(0);
    expect(ran.json()).toMatchObject({ level: 'warning', next: null });
    const worse = itemsOf(ran).filter(({ level }) => level !== 'ok');
    // Nobody listens at ISSUER in this test.
    expect(worse.map(({ name }) => name)).toEqual(['issuer']);
    expect(found(ran, 'login_page', 'acme-web')).toMatchObject([{ level: 'ok' }]);
    expect(found(ran, 'login_page', 'acme-web')[0]?.message).toContain(
      'status 200, redirects before it 2, forms in it 1',
    );
    expect(found(ran, 'upstream_addresses', 'acme-web')).toMatchObject([{ level: 'ok' }]);
    expect(found(ran, 'cookies', 'acme-web')[0]?.message).toContain('none with a Domain');
    expect(found(ran, 'bypass', 'acme-web')).toMatchObject([{ level: 'ok' }]);
    expect(found(ran, 'direct_answer', 'acme-web')).toMatchObject([{ level: 'ok' }]);
    expect(found(ran, 'relay_paths')[0]?.message).toContain('RELAY_PATHS=/assets,/auth,');
    expect(found(ran, 'summary').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^response types: code, id_token, .* will work; token \(says nobody .*RFC 9700 2\.1\.2\)\) will not/,
      ),
    );
  });

  test('prints the same for people, with what to do', async () => {
    await createAcme();
    const ran = await run(environment(), ['doctor']);
    expect(ran.stdout).toMatch(/^ok {7}login_page \(acme-web\): Its first page comes/m);
    expect(ran.stdout).toMatch(/^warning {2}issuer: .*\n {9}→ /m);
    expect(ran.stdout).toMatch(/^problems: 0, warnings: 1$/m);
  });

  test('is left as it was: no salt is seeded, no key made, nobody logged in', async () => {
    await createAcme();
    await doctor();
    for (const table of ['salts', 'signing_keys', 'pseudonyms', 'sessions', 'references']) {
      if (!(await database.db.schema.hasTable(table))) continue;
      expect(await database.db(table).first()).toBeUndefined();
    }
    expect(await database.db('change_head').first('position')).toMatchObject({ position: 2 });
  });

  test('prints no secret', async () => {
    await createAcme();
    const ran = await doctor();
    const secrets = [...Object.values(SECRETS), environment()['MASTER_KEY'] ?? ''];
    for (const secret of secrets) expect(ran.stdout + ran.stderr).not.toContain(secret);
  });

  test('without a client says that no login was walked', async () => {
    const ran = await doctor();
    expect(ran.exit).toBe(0);
    expect(found(ran, 'clients')).toMatchObject([{ level: 'warning' }]);
  });
});

describe('ways round the proxy', () => {
  test('a forwarded client is named, with since when that was accepted', async () => {
    await command('vendor', 'create', 'beta');
    const uri = ['--redirect-uri', BETA];
    await command('client', 'create', 'beta-web', '--vendor', 'beta', ...uri, '--accept-bypass');
    upstream.setClients([{ client_id: 'beta-web', client_secret: 'x', redirect_uris: [BETA] }]);
    const ran = await doctor();
    expect(ran.exit).toBe(0);
    const [bypass] = found(ran, 'bypass', 'beta-web');
    expect(bypass).toMatchObject({ level: 'warning' });
    expect(bypass?.message).toMatch(/go round the proxy.*forwarded.*Accepted since 20/);
  });

  test('an upstream client without a secret is named', async () => {
    await command('vendor', 'create', 'beta');
    await command(
      ...['client', 'create', 'beta-web', '--vendor', 'beta', '--redirect-uri', BETA],
      ...['--upstream-client-id', 'beta-up', '--client-secret-env', 'VENDOR', '--phase', 'shadow'],
    );
    const [bypass] = found(await doctor(), 'bypass', 'beta-web');
    expect(bypass?.message).toContain('its upstream client has no secret and no key; phase shadow');
  });

  test('an upstream that answers the redirect URI directly is a problem', async () => {
    await createAcme();
    const implicit = { response_types: ['code', 'id_token'], grant_types: ['implicit'] };
    const grant_types = ['authorization_code', ...implicit.grant_types];
    upstream.setClients([{ ...ACME_UPSTREAM, ...implicit, grant_types }]);
    const ran = await doctor();
    expect(ran.exit).toBe(5);
    const [direct] = found(ran, 'direct_answer', 'acme-web');
    expect(direct).toMatchObject({ level: 'problem' });
    expect(direct?.message).toContain('(id_token)');
    expect(direct?.hint).toContain('"acme-upstream"');
  });
});

describe('the upstream', () => {
  test('that is down is one problem, and the rest is still looked at', async () => {
    await createAcme();
    await upstream.stop();
    try {
      const ran = await doctor();
      expect(ran.exit).toBe(5);
      expect(found(ran, 'upstream')).toMatchObject([{ level: 'problem' }]);
      expect(found(ran, 'upstream')[0]?.message).toContain('upstream_unavailable');
      expect(found(ran, 'bypass', 'acme-web')).toMatchObject([{ level: 'ok' }]);
      expect(found(ran, 'login_page', 'acme-web')).toEqual([]);
    } finally {
      await upstream.restart();
    }
  });

  test('that names another issuer is told to the letter', async () => {
    upstream.faults.arm('discovery', withMembers({ issuer: `${upstream.issuer}/` }));
    const ran = await doctor();
    expect(ran.exit).toBe(5);
    const [finding] = found(ran, 'upstream');
    expect(finding?.message).toContain(`"${upstream.issuer}/"`);
    expect(finding?.hint).toContain(`UPSTREAM_ISSUER=${upstream.issuer}/ `);
  });

  test('whose keys do not fit its algorithms', async () => {
    const members = { id_token_signing_alg_values_supported: ['ES256'] };
    upstream.faults.arm('discovery', withMembers(members));
    expect(found(await doctor(), 'upstream_keys')).toMatchObject([{ level: 'problem' }]);
  });

  test('whose keys cannot be read', async () => {
    upstream.faults.arm('jwks', status(500));
    const ran = await doctor();
    expect(found(ran, 'upstream_keys')[0]?.message).toContain('upstream_status (status 500)');
    expect(ran.stdout).not.toContain('alice');
  });

  test('without PKCE, userinfo or our authentication methods', async () => {
    await createAcme();
    const members = {
      code_challenge_methods_supported: undefined,
      userinfo_endpoint: undefined,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
    };
    upstream.faults.arm('discovery', withMembers(members));
    const ran = await doctor();
    expect(found(ran, 'upstream_pkce')).toMatchObject([{ level: 'warning' }]);
    expect(found(ran, 'upstream_userinfo')).toMatchObject([{ level: 'warning' }]);
    expect(found(ran, 'upstream_authentication', 'acme-web')).toMatchObject([{ level: 'problem' }]);
  });

  test('whose login pages are at another origin than its issuer', async () => {
    const members = { authorization_endpoint: 'http://login.example/auth' };
    upstream.faults.arm('discovery', withMembers(members));
    expect(found(await doctor(), 'upstream_origin')).toMatchObject([{ level: 'problem' }]);
  });

  test.each([
    [-120, {}, 'problem', '120 s behind'],
    [15, {}, 'warning', '15 s ahead'],
    [-60, { age: '60' }, 'ok', 'agree'],
  ])('whose clock is %d s off, %j', async (seconds, headers, level, said) => {
    const shift = altered((answer) => ({
      ...answer,
      headers: {
        ...answer.headers,
        ...headers,
        date: new Date(Date.now() + seconds * 1000).toUTCString(),
      },
    }));
    upstream.faults.arm('discovery', shift);
    const [clock] = found(await doctor(), 'clock');
    expect(clock?.level).toBe(level);
    expect(clock?.message.replace(/\b(119|121)\b/, '120').replace(/\b(14|16)\b/, '15')).toContain(
      said,
    );
  });

  test('that lacks the redirect URI, or refuses the request', async () => {
    await createAcme();
    upstream.setClients([{ ...ACME_UPSTREAM, redirect_uris: [BETA] }]);
    const ran = await doctor();
    expect(ran.exit).toBe(5);
    const [login] = found(ran, 'login_page', 'acme-web');
    expect(login).toMatchObject({ level: 'problem' });
    expect(login?.hint).toContain(ACME);
  });
});

describe('the login page', () => {
  const leavingFor = (location: string) =>
    altered((answer) => ({
      ...withBody(answer, ''),
      status: 302,
      headers: { location },
    }));

  test('that lies elsewhere needs FEDERATION_ORIGINS, and comes back only to its own host', async () => {
    await createAcme();
    upstream.faults.arm('authorize', leavingFor('https://partner.example/login?x=1'));
    const ran = await doctor();
    expect(ran.exit).toBe(5);
    expect(found(ran, 'federation', 'acme-web')).toMatchObject([
      {
        level: 'problem',
        hint: expect.stringContaining('FEDERATION_ORIGINS=https://partner.example'),
      },
    ]);
    const allowed = await doctor({ FEDERATION_ORIGINS: 'https://partner.example' });
    expect(allowed.exit).toBe(0);
    const [federation] = found(allowed, 'federation', 'acme-web');
    expect(federation).toMatchObject({ level: 'warning' });
    expect(federation?.hint).toContain(new URL(upstream.issuer).host);
  });

  test('that never comes', async () => {
    await createAcme();
    upstream.faults.arm('authorize', leavingFor(`${upstream.issuer}/auth/again`));
    expect(found(await doctor(), 'login_page', 'acme-web')[0]?.level).toBe('problem');
  });

  test('that takes paths outside RELAY_PATHS', async () => {
    await createAcme();
    const narrow = await doctor({ RELAY_PATHS: '/auth' });
    expect(narrow.exit).toBe(5);
    const [lacking] = found(narrow, 'relay_paths');
    expect(lacking?.hint).toMatch(/RELAY_PATHS=\/auth,.*\/interaction/);
    const wide = await doctor({ RELAY_PATHS: '/auth,/interaction,/assets' });
    expect(found(wide, 'relay_paths')).toMatchObject([{ level: 'ok' }]);
  });

  test('whose address is one of ours', async () => {
    const members = { authorization_endpoint: `${upstream.issuer}/oidc/authorize` };
    upstream.faults.arm('discovery', withMembers(members));
    const [collision] = found(await doctor(), 'collisions');
    expect(collision).toMatchObject({ level: 'problem' });
    expect(collision?.message).toContain('/oidc/authorize');
  });
});

describe('ISSUER', () => {
  test('that leads to something else is a problem', async () => {
    const other = await listen((_request, response) => response.end('{"issuer":"other"}'));
    const ran = await doctor({ ISSUER: `http://localhost:${other.port}` });
    await other.close();
    expect(found(ran, 'issuer')).toMatchObject([{ level: 'problem' }]);
  });
});

describe('database and secrets', () => {
  test('a database that is away ends with 3, and the upstream is still looked at', async () => {
    const ran = await doctor({
      DATABASE_URL: 'mysql://user:password-of-it@127.0.0.1:1/pairwise',
      ISSUER: 'https://login.example',
    });
    expect(ran.exit).toBe(3);
    expect(found(ran, 'database')).toMatchObject([{ level: 'problem' }]);
    expect(found(ran, 'upstream')).toMatchObject([{ level: 'ok' }]);
    expect(ran.stdout).not.toContain('password-of-it');
  });

  test('a master key or a salt that does not fit', async () => {
    await createAcme();
    const other = Buffer.alloc(32, 1).toString('base64url');
    const wrongKey = await doctor({ MASTER_KEY: other });
    expect(wrongKey.exit).toBe(5);
    expect(found(wrongKey, 'master_key')).toMatchObject([{ level: 'problem' }]);
    expect(found(await doctor({ PAIRWISE_SALT: other }), 'salt')).toMatchObject([{ level: 'ok' }]);
  });

  test('a short salt under oidc-sha256 is a warning', async () => {
    const ran = await doctor({ PSEUDONYM_ALGORITHM: 'oidc-sha256', PAIRWISE_SALT: 'short-salt' });
    const [finding] = found(ran, 'salt_strength');
    expect(finding).toMatchObject({ level: 'warning' });
    expect(finding?.message).toContain('10 bytes');
    expect(ran.stdout).not.toContain('short-salt');
  });

  test('a configuration that cannot be used ends with 2', async () => {
    expect((await doctor({ UPSTREAM_ISSUER: '' })).exit).toBe(2);
  });
});
