import type { Response } from 'express';

import type { Logger } from '../observability/logger.ts';
import { entityTag } from './precondition.ts';
import { type AdminProblem, problemBody, PROBLEMS } from './problems.ts';
import type { KeptAnswer } from './repeats.ts';
import type { Outcome, Route } from './route.ts';

/** An outcome as it is sent. */
export function answerOf(route: Route, outcome: Outcome, log: Logger): KeptAnswer {
  const { answer: spec } = route;
  const headers = {
    ...(outcome.state !== undefined && { etag: entityTag(outcome.state) }),
    ...(outcome.location !== undefined && { location: `/admin/v1${outcome.location}` }),
  };
  if (spec.schema === undefined) return { status: spec.status, headers, body: '' };
  const body = JSON.stringify(checkedValue(route, outcome, log));
  return { status: spec.status, headers, body };
}

/**
 * What an outcome says, as JSON. It passes the schema of the answer, which lets only the members
 * through that it names: what a view holds beyond them does not leave.
 */
export function checkedValue({ answer: spec, id }: Route, outcome: Outcome, log: Logger): unknown {
  if (spec.schema === undefined) return undefined;
  // As a reader will see it: dates as texts, absent members absent.
  const seen: unknown = JSON.parse(JSON.stringify(outcome.value));
  const read = spec.schema.safeParse(seen);
  if (read.success) return read.data;
  const where = read.error.issues.map(({ path, code }) => `${path.map(String).join('.')} ${code}`);
  log.error({ operation: id, where }, 'an answer does not fit its schema');
  throw new Error('an answer does not fit its schema');
}

/** Sends an answer. */
export function send(response: Response, { status, headers, body }: KeptAnswer): void {
  // Not as Express sets them: it would add a charset, which JSON does not have.
  response.status(status).setHeaders(new Map(Object.entries(headers)));
  if (body !== '')
    response.setHeader('content-type', headers['content-type'] ?? 'application/json');
  response.end(body);
}

/** A problem as an answer (RFC 9457). */
export function answerOfProblem(problem: AdminProblem, requestId: string): KeptAnswer {
  const { headers, retryAfter } = problem.options;
  return {
    status: PROBLEMS[problem.code][0],
    headers: {
      ...headers,
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      'content-type': 'application/problem+json',
    },
    body: JSON.stringify(problemBody(problem, requestId)),
  };
}
