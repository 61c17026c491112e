import { createHash, timingSafeEqual } from 'node:crypto';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';

/** What the admin listener is made of. */
export interface AdminAppParts {
  readonly adminToken: string | undefined;
  /** What readiness depends on, by name; all true: ready. */
  readonly readiness: () => Readonly<Record<string, boolean>>;
}

/** The application behind `ADMIN_LISTEN`, which vendors never reach. */
export function createAdminApp(parts: AdminAppParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(helmet());
  app.get('/livez', (_request, response) => {
    response.set('cache-control', 'no-store').json({ status: 'alive' });
  });
  app.get('/readyz', (_request, response) => {
    const checks = parts.readiness();
    const ready = Object.values(checks).every(Boolean);
    response
      .status(ready ? 200 : 503)
      .set('cache-control', 'no-store')
      .json({ status: ready ? 'ready' : 'not ready', checks });
  });
  app.use('/admin', requireAdminToken(parts.adminToken));
  app.use((_request, response) => {
    response.status(404).json({ error: { code: 'not_found', message: 'Nothing is here.' } });
  });
  return app;
}

/** Bearer authentication; without a configured token nobody gets in. */
function requireAdminToken(adminToken: string | undefined): RequestHandler {
  return (request, response, next) => {
    const presented = /^bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    if (presented !== undefined && adminToken !== undefined && same(presented, adminToken)) {
      next();
      return;
    }
    response
      .status(401)
      .set('www-authenticate', 'Bearer realm="pairwise-proxy admin"')
      .json({ error: { code: 'unauthorized', message: 'A valid bearer token is required.' } });
  };
}

function same(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}
