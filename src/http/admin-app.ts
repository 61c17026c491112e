import express from 'express';
import type { Express, Router } from 'express';
import helmet from 'helmet';

import { measured, type AdminMeter } from './admin-meter.ts';

/** What the admin listener is made of. */
export interface AdminAppParts {
  /** The admin API, below `/admin`. */
  readonly api: Router;
  /** The dashboard, at `/`. */
  readonly dashboard: Router;
  /** What readiness depends on, by name; all true: ready. */
  readonly readiness: () => Readonly<Record<string, boolean>>;
  /** Counts the requests. */
  readonly meter: AdminMeter;
  /** What Prometheus reads. */
  readonly metrics: { readonly mediaType: string; readonly text: () => Promise<string> };
}

/** The application behind `ADMIN_LISTEN`, which vendors never reach. */
export function createAdminApp(parts: AdminAppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.use(helmet());
  const probe = measured(parts.meter, 'probe');
  app.get('/livez', probe, (_request, response) => {
    response.set('cache-control', 'no-store').json({ status: 'alive' });
  });
  app.get('/readyz', probe, (_request, response) => {
    const checks = parts.readiness();
    const ready = Object.values(checks).every(Boolean);
    response
      .status(ready ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({ status: ready ? 'ready' : 'not ready', checks });
  });
  app.get('/metrics', probe, async (_request, response) => {
    const { mediaType, text } = parts.metrics;
    const scraped = await text().catch(() => undefined);
    response.set('cache-control', 'no-store');
    // Partly would be worse: counters would seem to fall.
    if (scraped === undefined) response.sendStatus(503);
    else response.set('content-type', mediaType).send(scraped);
  });
  app.use('/admin', measured(parts.meter, 'api'), parts.api);
  app.use(measured(parts.meter, 'dashboard'), parts.dashboard);
  app.use((_request, response) => {
    response.status(404).json({ error: { code: 'not_found', message: 'Nothing is here.' } });
  });
  return app;
}
