import express from 'express';
import type { Request, Response } from 'express';

import { AdminProblem } from './problems.ts';
import { hasBody, mustBePlain } from './read-input.ts';
import type { Route } from './route.ts';

/** Bytes of a body. */
const MAX_BODY_BYTES = 65_536;
const MAX_LONG_BODY_BYTES = 1_048_576;

const TYPES = ['application/json', 'application/merge-patch+json'];

const short = express.json({ limit: MAX_BODY_BYTES, type: TYPES, inflate: false });
const long = express.json({ limit: MAX_LONG_BODY_BYTES, type: TYPES, inflate: false });

/**
 * The JSON object that a request brings; none at all is an empty one.
 *
 * @throws AdminProblem `body_type`, `request_invalid`; errors of the reader
 */
export async function readBody(
  request: Request,
  response: Response,
  { isLong }: Pick<Route, 'isLong'>,
): Promise<unknown> {
  if (!hasBody(request)) return {};
  if (request.is(TYPES) === false) {
    const hint = 'Send Content-Type: application/json.';
    throw new AdminProblem('body_type', 'The body is not declared as JSON.', { hint });
  }
  // RFC 8259 8.1: JSON that systems exchange is UTF-8.
  const charset = /;\s*charset="?([^";\s]+)/i.exec(request.get('content-type') ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    const hint = 'Send UTF-8.';
    throw new AdminProblem('body_type', 'The body is in a charset that is not read.', { hint });
  }
  await new Promise<void>((resolve, reject) => {
    const reader = isLong === true ? long : short;
    reader(request, response, (error: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('the body was not read'));
    });
  });
  const body: unknown = request.body;
  mustBePlain(body);
  return body;
}
