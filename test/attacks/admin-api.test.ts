import { request as httpRequest } from 'node:http';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ADMIN_SCOPES } from '../../src/operations/admin-tokens.ts';
import { ADMIN_TOKEN, createAdminWorld, type AdminWorld } from '../support/admin-world.ts';
import type { DocumentedOperation } from '../support/admin.ts';

/**
 * The attacker has reached the admin listener: with no token, with one that is revoked, expired or
 * of too small a scope, or as one operator among several whose requests cross. They try to get in,
 * to do more than their scope allows, to have a change carried out twice or over another's, to read
 * the machine, and to bring the process down.
 */
let now = new Date();
let world: AdminWorld;

beforeAll(async () => {
  world = await createAdminWorld('sqlite', () => now);
});
afterAll(() => world.close());

/** A path of the operation with names of things that are not there. */
function somePath(path: string): string {
  return path.replace('/admin/v1', '').replaceAll(/\{\w+\}/g, 'nothing');
}

function answersTo(operation: DocumentedOperation, method: string, path: string, token: string) {
  const required = operation.requestBody !== undefined;
  return world.api.call(method.toUpperCase(), somePath(path), {
    token,
    ...(required && { body: {} }),
  });
}

describe('who gets in', () => {
  test.each([
    ['no token', null],
    ['another token of that length', 'environment-token-0123456789-0123456780'],
    ['the beginning of the token', 'environment-token-0123456789'],
    ['the token and more', 'environment-token-0123456789-01234567890'],
    ['a token that nobody made', `ppa_${'A'.repeat(43)}`],
    ['what a database would read as more', "ppa_' OR '1'='1"],
  ])('nobody with %s, wherever they knock', async (_name, token) => {
    for (const path of ['/vendors', '/openapi.json', '/nothing', '/subjects/list']) {
      const answer = await world.api.call('GET', path, { token });
      expect([answer.status, answer.body['code']]).toEqual([401, 'unauthorized']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    }
  });

  test('nobody who sends the token otherwise than as a bearer', async () => {
    for (const [name, value] of [
      ['authorization', 'Basic ZW52aXJvbm1lbnQ6dG9rZW4='],
      ['authorization', 'environment-token-0123456789-0123456789'],
      ['cookie', 'token=environment-token-0123456789-0123456789'],
    ] as const) {
      const answer = await world.api.call('GET', '/vendors', {
        token: null,
        headers: { [name]: value },
      });
      expect(answer.status).toBe(401);
    }
    const query = '/vendors?access_token=environment-token-0123456789-0123456789';
    expect((await world.api.call('GET', query, { token: null })).status).toBe(401);
  });

  test('nobody gets beyond the limit of users in an hour by making tokens for themselves', async () => {
    const token = await world.token('curious', ['read', 'operate', 'privacy'], 2);
    const body = { name: 'curious-2', scopes: ['privacy'], days: 1 };
    const answer = await world.api.call('POST', '/tokens', { token, body });
    expect([answer.status, answer.body['code']]).toEqual([403, 'insufficient_scope']);
    expect((await world.api.call('POST', '/tokens', { body })).status).toBe(201);
  });

  test('not after a token has expired or was revoked, at the next request', async () => {
    const token = await world.token('short', ['read'], 1);
    expect((await world.api.call('GET', '/token', { token })).status).toBe(200);
    const before = now;
    now = new Date(now.getTime() + 86_400_000);
    expect((await world.api.call('GET', '/token', { token })).status).toBe(401);
    now = before;
    expect((await world.api.call('DELETE', '/tokens/short')).status).toBe(204);
    expect((await world.api.call('GET', '/token', { token })).status).toBe(401);
  });

  test('who fails often is slowed down, and holds up nobody with a good token', async () => {
    const statuses = [];
    for (let turn = 0; turn < 40; turn += 1) {
      statuses.push((await world.api.call('GET', '/vendors', { token: `wrong-${turn}` })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await world.api.call('GET', '/vendors')).status).toBe(200);
  });
});

describe('what a token may do', () => {
  test('each operation takes its own scope and no other', async () => {
    const tokens = new Map<string, string>();
    for (const scope of ADMIN_SCOPES)
      tokens.set(scope, await world.token(`only-${scope}`, [scope]));
    for (const { method, path, operation } of world.api.operations()) {
      for (const [scope, token] of tokens) {
        const { status, body, headers } = await answersTo(operation, method, path, token);
        const needed = operation['x-scope'];
        if (needed === null || needed === scope) {
          expect([401, 403], `${operation.operationId} as ${scope}`).not.toContain(status);
        } else {
          expect([status, body['code']], `${operation.operationId} as ${scope}`).toEqual([
            ...[403, 'insufficient_scope'],
          ]);
          expect(headers.get('www-authenticate')).toContain(`scope="${needed}"`);
        }
      }
    }
  });
});

describe('changes that cross', () => {
  test('of two changes from one state one is made, and the other is told', async () => {
    for (const path of ['/vendors/acme', '/clients/acme-web']) {
      const etag = (await world.api.call('GET', path)).headers.get('etag') ?? '';
      const member = path.startsWith('/vendors') ? 'name' : 'client_name';
      const both = await Promise.all(
        ['one', 'two'].map((name) =>
          world.api.call('PATCH', path, {
            body: { [member]: name },
            headers: { 'if-match': etag },
          }),
        ),
      );
      expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 412]));
    }
  });

  test('a client that was made anew is not the one that was seen', async () => {
    const entry = {
      ...{ client_id: 'twice', redirect_uris: ['https://acme.example/2'] },
      upstream: { client_id: 'legacy-twice', client_secret: 'x' },
      generate_secret: true,
    };
    await world.api.call('POST', '/vendors/acme/clients', { body: entry });
    const seen = (await world.api.call('GET', '/clients/twice')).headers.get('etag') ?? '';
    const headers = { 'if-match': seen, confirm: 'yes' };
    expect((await world.api.call('DELETE', '/clients/twice', { headers })).status).toBe(204);
    await world.api.call('POST', '/vendors/acme/clients', { body: entry });
    expect((await world.api.call('DELETE', '/clients/twice', { headers })).status).toBe(412);
  });

  test('twenty requests under one key, at two replicas, are one', async () => {
    const replica = await world.replica();
    const headers = { 'idempotency-key': 'twenty-at-once' };
    const body = { uses: 3 };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        (turn % 2 === 0 ? world.api : replica).call('POST', '/vendors/bolt/initial-tokens', {
          ...{ body, headers },
        }),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    const others = answers.filter(({ status }) => status !== 201);
    expect(new Set(others.map(({ body: told }) => told['code']))).toEqual(
      new Set(others.length === 0 ? [] : ['key_in_use']),
    );
    const listed = await world.api.call('GET', '/vendors/bolt/initial-tokens');
    expect(listed.body['items']).toHaveLength(1);
    const other = await world.api.call('POST', '/vendors/bolt/initial-tokens', {
      ...{ body: { uses: 4 }, headers },
    });
    expect([other.status, other.body['code']]).toEqual([422, 'key_reused']);
  });

  test('a key is of its token: another token gets nothing of what was answered', async () => {
    const token = await world.token('second', ['operate']);
    const headers = { 'idempotency-key': 'key-of-the-first' };
    const body = { uses: 1 };
    const path = '/vendors/acme/initial-tokens';
    const first = await world.api.call('POST', path, { body, headers });
    const second = await world.api.call('POST', path, { body, headers, token });
    expect(second.status).toBe(201);
    expect(second.body['token']).not.toBe(first.body['token']);
  });

  test('a request that was refused may be corrected under its key', async () => {
    const headers = { 'idempotency-key': 'corrected-later' };
    const wrong = await world.api.call('POST', '/vendors', { body: { id: '?' }, headers });
    expect(wrong.status).toBe(422);
    const right = await world.api.call('POST', '/vendors', { body: { id: 'right' }, headers });
    expect(right.status).toBe(201);
  });

  test('what was answered is not to be read in the database', async () => {
    const headers = { 'idempotency-key': 'kept-answer-1' };
    const made = await world.api.call('POST', '/tokens', {
      ...{ headers, body: { name: 'kept', scopes: ['read'] } },
    });
    const rows = await world.proxy.database.db('admin_requests').select();
    const bytes = rows.flatMap((row) => Object.values(row as object).map(String)).join(' ');
    expect(bytes).not.toContain(String(made.body['token']));
    expect(bytes).not.toContain('kept-answer-1');
  });
});

describe('requests that are made to break', () => {
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    world.api.call('POST', '/vendors', { body, headers });

  test.each([
    ['no JSON', '{"id":', 400, 'request_malformed'],
    ['a list', '[]', 400, 'request_invalid'],
    ['a text', '"acme"', 400, 'request_malformed'],
    ['null', 'null', 400, 'request_malformed'],
    ['a prototype', '{"id":"x","__proto__":{"admin":true}}', 400, 'request_invalid'],
    ['a prototype within', '{"id":"x","contacts":[{"__proto__":{}}]}', 400, 'request_invalid'],
    ['a constructor', '{"id":"x","constructor":{"prototype":{}}}', 422, 'entry_invalid'],
    ['ten thousand levels', `${'['.repeat(9999)}${']'.repeat(9999)}`, 400, 'request_invalid'],
    ['a megabyte', JSON.stringify({ id: 'x'.repeat(1_048_576) }), 413, 'body_too_large'],
    ['an unknown member', '{"id":"x","is_admin":true}', 422, 'entry_invalid'],
  ])('%s is refused', async (_name, body, status, code) => {
    const answer = await post(body);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  test.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a text', { 'content-type': 'text/plain' }],
    ['compressed', { 'content-encoding': 'gzip' }],
    ['in another charset', { 'content-type': 'application/json; charset=utf-16' }],
  ])('a body that is %s is refused', async (_name, headers) => {
    const answer = await post('{"id":"form"}', headers);
    expect([answer.status, answer.body['code']]).toEqual([415, 'body_type']);
  });

  test.each([
    '/clients/..%2f..%2fetc%2fpasswd',
    '/clients/%00',
    '/clients/%F0%9F%92%A9',
    `/clients/${'x'.repeat(300)}`,
    '/clients/%E0%A4%A',
    '/clients/%FF',
    '/vendors/acme%2Fclients',
    '/VENDORS',
    '/vendors/',
    '/audit?limit=0',
    '/audit?limit=1e9',
    '/audit?cursor=%00',
    '/audit?cursor=MTox&cursor=MToy',
    '/audit?since=yesterday',
    '/audit?__proto__=1',
    '/audit?act[]=x',
    '/vendors?cursor=Li4v',
    '/token?verbose=1',
  ])('GET %s finds nothing and breaks nothing', async (path) => {
    const { status } = await world.api.call('GET', path);
    expect([400, 404]).toContain(status);
  });

  test('dots in a path lead nowhere else, as they stand and encoded', async () => {
    const { port } = new URL(world.proxy.adminUrl);
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    for (const path of [
      '/admin/v1/../../livez',
      '/admin/v1/%2e%2e/vendors',
      '/admin//v1/vendors',
    ]) {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const sent = httpRequest({ port, path, headers, host: '127.0.0.1' }, (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode));
        });
        sent.on('error', reject).end();
      });
      expect(status, path).toBe(404);
    }
  });

  test('a method that an address does not take is told which it does', async () => {
    const answer = await world.api.call('PUT', '/vendors', { body: {} });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test('a state that is none is refused, not ignored', async () => {
    for (const tag of ['acme', 'W/"1"', '"1", "2"', '"']) {
      const answer = await world.api.call('PATCH', '/vendors/acme', {
        ...{ body: { name: 'X' }, headers: { 'if-match': tag } },
      });
      expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
    }
  });

  test('no secret is shown, whatever is asked for', async () => {
    const secrets = ['acme-secret-0123456789', 'at-the-upstream', 'environment-token'];
    for (const { method, path } of world.api.operations()) {
      if (method !== 'get') continue;
      const filled = somePath(path.replace('{client}', 'acme-web').replace('{vendor}', 'acme'));
      const { text } = await world.api.call('GET', filled);
      for (const secret of secrets) expect(text, path).not.toContain(secret);
    }
    const log = JSON.stringify(world.proxy.log);
    for (const secret of secrets) expect(log).not.toContain(secret);
  });
});
