import type { Request, Response } from 'express';

import type { Logger } from '../observability/logger.ts';
import type { Visitor } from './sessions.ts';

/** What the first steps of a request have found out. */
export interface Locals {
  readonly requestId: string;
  readonly log: Logger;
  /** Undefined before a login. */
  readonly visitor: Visitor | undefined;
}

export function localsOf(response: Response): Locals {
  return response.locals as unknown as Locals;
}

/** The parameters of a form body; none where there is no form. */
export function formOf(request: Request): URLSearchParams {
  const body: unknown = request.body;
  return new URLSearchParams(typeof body === 'string' ? body : '');
}

/** The query as it was sent, from its `?` on. */
export function queryTextOf({ originalUrl }: Request): string {
  const mark = originalUrl.indexOf('?');
  return mark === -1 ? '' : originalUrl.slice(mark);
}
