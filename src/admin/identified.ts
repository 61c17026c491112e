import { randomUUID } from 'node:crypto';

import type { RequestHandler } from 'express';

import type { Logger } from '../observability/logger.ts';

/** Gives each request of the admin listener an id, a log that names it, and an answer that nobody keeps. */
export function identified(log: Logger): RequestHandler {
  return (_request, response, next) => {
    const requestId = randomUUID();
    response.locals['requestId'] = requestId;
    response.locals['log'] = log.child({ requestId });
    response.set({ 'x-request-id': requestId, 'cache-control': 'no-store' });
    next();
  };
}
