/*
 * The attack: whoever may register a client chooses much of what the proxy keeps and asks
 * for. With a token of its own, a vendor tries to take another's client or sector, to get
 * more than its operator allows, to read files and variables of the proxy through members
 * that operators have, to make the proxy ask its own network, and to fill it with clients.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ask, members } from '../support/by-hand.ts';
import { initialToken, manage, register, registered } from '../support/registration.ts';
import type { World } from '../support/world.ts';
import { createWorld } from '../support/world.ts';

const ACME = { redirect_uris: ['https://app.acme.example/callback'] };
const BOLT = { redirect_uris: ['https://app.bolt.example/callback'] };

let world: World;
let acme: string;
let bolt: string;
beforeAll(async () => {
  world = await createWorld(undefined, {
    upstream: { registration: {} },
    environment: { TRUSTED_PROXIES: '127.0.0.1' },
  });
  acme = await initialToken(world.proxy, 'acme');
  bolt = await initialToken(world.proxy, 'bolt');
});
afterAll(() => world.close());

const registrationsAtUpstream = () =>
  world.upstream.requests.filter(({ url }) => url.pathname === '/reg').length;

describe('a token', () => {
  it.each(['', 'Bearer', 'Bearer wrong', 'Basic YTpi', 'DPoP token'])(
    'is needed, and %j is none',
    async (authorization) => {
      const answer = await ask(`${world.proxy.issuer}/oidc/register`, {
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(ACME),
      });
      expect([answer.status, members(answer)['error']]).toEqual([401, 'invalid_token']);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    },
  );

  it('is good for as many registrations as it says, also for those that come at once', async () => {
    const once = await initialToken(world.proxy, 'acme', 1);
    const before = registrationsAtUpstream();
    const answers = await Promise.all([1, 2, 3].map(() => register(world.proxy, once, ACME)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401, 401]);
    const { db } = world.database;
    expect(await db('upstream_clients').whereNot({ state: 'bound' })).toEqual([]);
    const removed = world.upstream.requests.filter(({ method }) => method === 'DELETE').length;
    expect(registrationsAtUpstream() - before - removed).toBe(1);
  });

  it('manages the client that it came with, and no other one', async () => {
    const own = await registered(world.proxy, acme, ACME);
    const foreign = await registered(world.proxy, bolt, BOLT);
    for (const token of [foreign.registration_access_token, acme, bolt, 'ppr_made-up']) {
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const { registration_client_uri } = own;
        const sent = method === 'PUT' ? { ...ACME, client_id: own.client_id } : undefined;
        const answer = await manage(
          { registration_client_uri, registration_access_token: token },
          method,
          sent,
        );
        expect([answer.status, members(answer)['error']]).toEqual([401, 'invalid_token']);
      }
    }
    expect((await manage(own, 'GET')).status).toBe(200);
  });

  it('does not manage what an operator registered', async () => {
    const own = await registered(world.proxy, acme, ACME);
    const answer = await manage(
      { ...own, registration_client_uri: `${world.proxy.issuer}/oidc/register/acme-web` },
      'DELETE',
    );
    expect(answer.status).toBe(401);
    expect(world.proxy.application.registry.find('acme-web')).toBeDefined();
  });

  it('lies in the database as a hash alone', async () => {
    const { db } = world.database;
    const own = await registered(world.proxy, acme, ACME);
    const rows = [
      ...(await db('initial_access_tokens').select()),
      ...(await db('client_registrations').select()),
      ...(await db('upstream_clients').select()),
    ] as Record<string, unknown>[];
    const stored = rows
      .flatMap((row) => Object.values(row))
      .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)))
      .join('\n');
    for (const secret of [acme, bolt, own.registration_access_token, own.client_secret]) {
      expect(stored).not.toContain(secret);
    }
  });
});

describe('a vendor', () => {
  it('gets no sector of another, whichever way it asks', async () => {
    await registered(world.proxy, acme, ACME);
    for (const sent of [
      ACME,
      { redirect_uris: ['https://APP.acme.example/other'] },
      { ...BOLT, sector_identifier_uri: 'https://app.acme.example/sector.json' },
    ]) {
      const answer = await register(world.proxy, bolt, sent);
      expect([answer.status, members(answer)['error']]).toEqual([400, 'invalid_client_metadata']);
    }
  });

  it('gets no original subjects where its operator does not allow them', async () => {
    const answer = await register(world.proxy, acme, { ...ACME, subject_type: 'public' });
    expect([answer.status, members(answer)['error']]).toEqual([400, 'invalid_client_metadata']);
    const sent = { ...ACME, phase: 'public', accept_bypass: true, release_claims: ['email'] };
    const { client_id: id } = await registered(world.proxy, acme, sent);
    expect(world.proxy.application.registry.find(id)).toMatchObject({
      ...{ subjectType: 'pairwise', acceptBypass: false, releaseClaims: [] },
      ...{ phases: [{ phase: 'pairwise' }], vendorId: 'acme' },
    });
  });

  it('chooses neither its id nor its secret, and reads no file or variable through them', async () => {
    const { client_id: id, client_secret: secret } = await registered(world.proxy, acme, {
      ...ACME,
      ...{ client_id: 'acme-web', client_secret: 'chosen', client_secret_env: 'MASTER_KEY' },
      ...{ client_secret_file: '/etc/passwd', upstream: { client_id: 'legacy-bolt' } },
      ...{ resource_server: { audience: ['https://api.bolt.example'] }, sector: 'bolt' },
    });
    expect(id).toMatch(/^client_[\w-]{22}$/);
    expect(secret).toMatch(/^[\w-]{64}$/);
    const client = world.proxy.application.registry.find(id);
    expect(client?.sector).toBe('app.acme.example');
    expect(client?.upstream?.clientId).not.toBe('legacy-bolt');
    expect(client?.metadata.resource_server).toBeUndefined();
  });

  it('changes nobody’s subject: that is refused with the number of users', async () => {
    const own = await registered(world.proxy, acme, {
      redirect_uris: ['https://old.acme.example/callback'],
    });
    await world.database.db('pseudonyms').insert({
      sector: Buffer.from('old.acme.example'),
      ...{ user_index: Buffer.alloc(32, 1), generation: 1, sub: Buffer.from('p1') },
      ...{ local_subject: Buffer.alloc(40), salt_version: 1, algorithm: 'random', created_at: 1 },
    });
    const answer = await manage(own, 'PUT', {
      client_id: own.client_id,
      redirect_uris: ['https://new.acme.example/callback'],
    });
    expect([answer.status, members(answer)['error']]).toEqual([400, 'invalid_client_metadata']);
    expect(members(answer)['error_description']).toContain('the sub of 1 user');
    expect((await manage(own, 'GET')).status).toBe(200);
  });

  it.each([
    ['software_statement', { ...ACME, software_statement: 'a.b.c' }, 'unapproved_software'],
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['an empty list of them', { redirect_uris: [] }, 'invalid_redirect_uri'],
    ['a fragment', { redirect_uris: ['https://a.acme.example/#x'] }, 'invalid_redirect_uri'],
    ['plain http', { redirect_uris: ['http://a.acme.example/'] }, 'invalid_redirect_uri'],
    ['a wildcard', { redirect_uris: ['https://*.acme.example/'] }, 'invalid_redirect_uri'],
    ['a script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['no list', { redirect_uris: 'https://a.acme.example/' }, 'invalid_redirect_uri'],
    ['an unknown method', { ...ACME, token_endpoint_auth_method: 'x' }, 'invalid_client_metadata'],
    ['a private key', { ...ACME, jwks: { keys: [{ kty: 'EC', d: 'x' }] } }, 'invalid_client'],
    ['a list', [ACME], 'invalid_client_metadata'],
    ['nothing', null, 'invalid_client_metadata'],
  ])('is refused with %s, before anybody else is asked', async (_what, sent, error) => {
    const before = registrationsAtUpstream();
    const answer = await register(world.proxy, acme, sent);
    expect([answer.status, members(answer)['error']]).toEqual([
      400,
      expect.stringContaining(error),
    ]);
    expect(registrationsAtUpstream()).toBe(before);
  });

  it.each([
    ...['https://127.0.0.1/s.json', 'https://[::1]/s.json', 'https://169.254.169.254/latest'],
    ...['https://10.0.0.1/', 'https://[::ffff:7f00:1]/', 'https://localhost/', 'https://0.0.0.0/'],
    ...['https://[64:ff9b::7f00:1]/', 'https://[2002:7f00:1::]/', 'https://2130706433/'],
  ])('learns nothing of our network from %s', async (uri) => {
    const before = registrationsAtUpstream();
    const answer = await register(world.proxy, bolt, {
      ...BOLT,
      sector_identifier_uri: uri,
    });
    expect([answer.status, members(answer)]).toEqual([
      400,
      {
        error: 'invalid_client_metadata',
        error_description: 'sector_identifier_uri could not be fetched',
      },
    ]);
    expect(registrationsAtUpstream()).toBe(before);
  });

  it('does not fill the proxy with clients', async () => {
    const flood = async (address: string) => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
      const answer = await ask(`${world.proxy.issuer}/oidc/register`, {
        headers: { ...headers, authorization: `Bearer ${bolt}` },
        body: '{}',
      });
      return answer.status;
    };
    // One address…
    const one = [];
    for (let n = 0; n < 61; n += 1) one.push(await flood('192.0.2.1'));
    expect([one.slice(0, 60).every((status) => status === 400), one.at(-1)]).toEqual([true, 429]);
    // …and many: the vendor's own limit.
    const many = [];
    for (let n = 0; n < 120; n += 1) many.push(await flood(`198.51.100.${n}`));
    expect(many.at(-1)).toBe(429);
    const headers = { 'x-forwarded-for': '203.0.113.9', 'content-type': 'application/json' };
    const other = await ask(`${world.proxy.issuer}/oidc/register`, {
      headers: { ...headers, authorization: `Bearer ${acme}` },
      body: JSON.stringify(ACME),
    });
    expect(other.status).toBe(201);
  });
});
