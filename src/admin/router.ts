import { once } from 'node:events';

import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response, Router } from 'express';

import { identified } from './identified.ts';
import type { Logger } from '../observability/logger.ts';
import { answerOf, answerOfProblem, send } from './answer.ts';
import type { Authentication } from './authenticate.ts';
import { mustHaveScope } from './authenticate.ts';
import { readBody } from './body.ts';
import { mustBeConfirmed } from './confirmation.ts';
import { byCaller, type AdminContext, type Caller } from './context.ts';
import { recordedProblem } from './failure.ts';
import { openApiDocument } from './openapi.ts';
import { statedState } from './precondition.ts';
import { AdminProblem } from './problems.ts';
import { hasBody, invalid, readBy, readQuery } from './read-input.ts';
import { onceForKey, readKey } from './repeats.ts';
import { pathNames, reason as reasonText, type Outcome, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

/** What the API is made of. */
export interface AdminApiParts {
  readonly context: AdminContext;
  readonly authentication: Authentication;
}

/** The admin API, to be mounted at `/admin`; whatever is asked for there needs a token. */
export function adminApi({ context, authentication }: AdminApiParts): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(identified(context.log));
  router.use(async (request, response, next) => {
    const address = request.socket.remoteAddress ?? '';
    response.locals['caller'] = await authentication.caller(request.get('authorization'), address);
    next();
  });
  // Made when it is first asked for: it takes longer than all else that a start computes.
  let document: string | undefined;
  router.get('/v1/openapi.json', (_request, response) => {
    document ??= JSON.stringify(openApiDocument(ROUTES));
    send(response, { status: 200, headers: {}, body: document });
  });
  for (const each of ROUTES) {
    router[each.method](expressPath(each.path), handlerOf(each, context));
  }
  router.use((request) => {
    throw noSuchAddress(request);
  });
  router.use(onError);
  return router;
}

function handlerOf(each: Route, context: AdminContext): RequestHandler {
  return async (request, response) => {
    const { caller, log } = localsOf(response);
    if (each.scope !== undefined) mustHaveScope(caller, each.scope);
    const given = await readRequest(each, request, response);
    if (each.answer.lines !== undefined) {
      const { lines } = await each.handle(context, given as never);
      if (lines !== undefined) await sendLines(response, lines);
      return;
    }
    const carryOut = async () => {
      const outcome: Outcome = await each.handle(context, given as never);
      return answerOf(each, outcome, log);
    };
    const key = each.repeats === undefined ? undefined : readKey(request.get('idempotency-key'));
    if (key === undefined) {
      send(response, await carryOut());
      return;
    }
    const contents = Buffer.from(JSON.stringify([each.id, given.path, given.query, given.sent]));
    const namesUsers = each.repeats === 'keyed_private';
    const keyed = { sender: caller.name, key, contents, namesUsers };
    const { answer, isRepeated } = await onceForKey(context, keyed, carryOut);
    if (isRepeated) response.set('idempotent-replayed', 'true');
    send(response, answer);
  };
}

/** Everything that a request says, judged in the order in which the document tells of it. */
async function readRequest(each: Route, request: Request, response: Response) {
  const { caller, requestId } = localsOf(response);
  const path = readPath(each, request);
  const query = readQuery(request.url);
  const given = {
    ...{ path, caller, sent: undefined as unknown },
    query: each.query === undefined ? readNoQuery(query) : readBy(each.query, query, 'query'),
  };
  if (each.body === undefined) {
    if (hasBody(request)) {
      const right = 'send none';
      throw invalid([{ at: 'body', wrong: 'is not taken here', right }]);
    }
    const why = each.method === 'get' ? undefined : readReason(request.get('audit-reason'));
    const state = each.needsState === true ? statedState(request.get('if-match')) : undefined;
    mustBeConfirmed(each, request.get('confirm') === 'yes');
    return { ...given, body: undefined, state, by: byCaller(caller, requestId, why) };
  }
  const sent = await readBody(request, response, each);
  const body: unknown = readBy(each.body, sent, 'body');
  const state = each.needsState === true ? statedState(request.get('if-match')) : undefined;
  const { reason: why, confirm } = body as { reason?: string; confirm?: boolean };
  mustBeConfirmed(each, confirm === true);
  return { ...given, sent, body, state, by: byCaller(caller, requestId, why) };
}

function readPath(each: Route, request: Request): Readonly<Record<string, string>> {
  const entries = pathNames(each.path).map((name) => {
    const value = request.params[name];
    // Longer than any identifier can be: nothing has this name.
    if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > 255) {
      throw invalid([{ at: name, wrong: 'cannot be a name', right: 'give 1 to 255 bytes' }]);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

function readNoQuery(query: Readonly<Record<string, string>>): undefined {
  const [name] = Object.keys(query);
  if (name === undefined) return undefined;
  const at = name.slice(0, 100);
  throw invalid([{ at, wrong: 'is not known', right: 'this takes no query' }]);
}

/** The reason of a request without a body; percent-encoded, for a header holds ASCII alone. */
function readReason(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  let text: string;
  try {
    text = decodeURIComponent(header);
  } catch {
    throw invalid([
      { at: 'Audit-Reason', wrong: 'is not percent-encoded', right: 'encode % as %25' },
    ]);
  }
  return readBy(reasonText, text, 'Audit-Reason');
}

async function sendLines(response: Response, lines: AsyncIterable<string>): Promise<void> {
  const iterator = lines[Symbol.asyncIterator]();
  // What is refused is refused before the first line, while there is still a status to say so.
  let next = await iterator.next();
  response.status(200).setHeader('content-type', 'application/x-ndjson');
  try {
    while (next.done !== true) {
      // Whoever reads slowly is waited for, so that nothing piles up in memory.
      if (!response.write(`${next.value}\n`) && !response.destroyed) await drained(response);
      if (response.destroyed) {
        await iterator.return?.();
        return;
      }
      next = await iterator.next();
    }
    response.end();
  } catch (error) {
    // What is out cannot be taken back: an end in the middle tells that something is missing.
    localsOf(response).log.error({ err: error }, 'an export ended early');
    response.destroy();
  }
}

/** Until there is room again, or nobody who reads. */
async function drained(response: Response): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    over.abort();
  }
}

/** What stands at this path under other methods, or nothing at all. */
function noSuchAddress(request: Request): AdminProblem {
  const path = `/v1${request.path.replace(/^\/v1/, '')}`;
  const here = ROUTES.filter((each) => patternOf(each.path).test(path));
  if (here.length === 0) {
    const hint = 'GET /admin/v1/openapi.json lists every operation.';
    return new AdminProblem('no_such_address', 'There is no operation at this address.', { hint });
  }
  const allow = here.map(({ method }) => method.toUpperCase()).join(', ');
  return new AdminProblem('method_not_allowed', 'The address does not take this method.', {
    hint: `Use ${allow}.`,
    headers: { allow },
  });
}

function expressPath(path: string): string {
  return `/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^/v1${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const { log, requestId, caller } = localsOf(response);
  const problem = recordedProblem(log, error, caller);
  if (response.headersSent) {
    next(error);
    return;
  }
  send(response, answerOfProblem(problem, requestId));
};

interface Locals {
  readonly requestId: string;
  readonly log: Logger;
  readonly caller: Caller;
}

function localsOf(response: Response): Locals {
  return response.locals as unknown as Locals;
}
