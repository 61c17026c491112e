import express from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';

import { createAdminApp } from '../../../src/http/admin-app.ts';
import { createMetrics } from '../../../src/observability/metrics/registry.ts';

function app(
  checks: Readonly<Record<string, boolean>>,
  text: () => Promise<string> = () => Promise.resolve('up 1\n'),
) {
  const metrics = { mediaType: 'text/plain; version=0.0.4; charset=utf-8', text };
  return createAdminApp({
    ...{ api: express.Router(), dashboard: express.Router() },
    ...{ readiness: () => checks, metrics, meter: createMetrics().instruments },
  });
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

describe('the metrics', () => {
  it('are told in the media type of Prometheus, and kept by nobody', async () => {
    const { status, headers, text } = await request(app({})).get('/metrics');
    expect([status, text]).toEqual([200, 'up 1\n']);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('are 503 where they cannot be told whole', async () => {
    const silent = app({}, () => Promise.reject(new Error('a worker does not answer')));
    const { status, text } = await request(silent).get('/metrics');
    expect([status, text]).toEqual([503, 'Service Unavailable']);
  });
});
