import express from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { createAdminApp } from '../../../src/http/admin-app.ts';

function app(checks: Readonly<Record<string, boolean>>) {
  return createAdminApp({ api: express.Router(), readiness: () => checks });
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
