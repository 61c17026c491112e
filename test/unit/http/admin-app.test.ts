import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { createAdminApp } from '../../../src/http/admin-app.ts';

const TOKEN = 'admin-token-0123456789-0123456789';

function app(checks: Readonly<Record<string, boolean>>, adminToken: string | undefined = TOKEN) {
  return createAdminApp({ adminToken, readiness: () => checks });
}

describe('the probes', () => {
  it('livez answers while everything else is away', async () => {
    const answer = await request(app({ database: false, upstream: false })).get('/livez');
    expect([answer.status, answer.body]).toEqual([200, { status: 'alive' }]);
  });

  it('readyz is 200 only where every check holds, and names those that do not', async () => {
    const ready = await request(app({ database: true, upstream: true })).get('/readyz');
    const not = await request(app({ database: true, upstream: false })).get('/readyz');
    expect(ready.status).toBe(200);
    expect(not.status).toBe(503);
    expect(not.body).toEqual({
      status: 'not ready',
      checks: { database: true, upstream: false },
    });
  });
});

describe('/admin', () => {
  it.each([
    ['without a token', undefined],
    ['with another token', `Bearer ${TOKEN}x`],
    ['with the token as Basic', `Basic ${TOKEN}`],
    ['with an empty token', 'Bearer '],
  ])('answers 401 %s', async (_name, authorization) => {
    const asked = request(app({})).get('/admin/v1/clients');
    const answer = await (authorization === undefined
      ? asked
      : asked.set('authorization', authorization));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
  });

  it('answers 401 to every token where none is configured', async () => {
    const unconfigured = createAdminApp({ adminToken: undefined, readiness: () => ({}) });
    const answer = await request(unconfigured)
      .get('/admin/v1/clients')
      .set('authorization', `Bearer ${TOKEN}`);
    expect(answer.status).toBe(401);
  });

  it('lets the token in, to where nothing is yet', async () => {
    const answer = await request(app({}))
      .get('/admin/v1/clients')
      .set('authorization', `Bearer ${TOKEN}`);
    expect(answer.status).toBe(404);
  });
});
