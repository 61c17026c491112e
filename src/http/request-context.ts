import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { Refusal } from '../errors.ts';
import type { Reason } from '../errors.ts';
import type { Logger } from '../observability/logger.ts';
import { identifyRequest } from '../observability/request-id.ts';
import { beginRequest } from '../observability/tracing/spans.ts';
import { measureRequest, notingRefusal } from './request-meter.ts';
import type { RequestMeter } from './request-meter.ts';
import { respondError, respondErrorPage } from './respond.ts';

/** Gives each request its id and its logger, and measures it. */
export function requestContext(app: Express, log: Logger, meter: RequestMeter): RequestHandler {
  const isTrusted = trusts(app);
  return (request, response, next) => {
    const trusted = isTrusted(request);
    const identity = identifyRequest({
      requestId: trusted ? request.get('x-request-id') : undefined,
      traceparent: trusted ? request.get('traceparent') : undefined,
    });
    const { requestId, traceparent } = identity;
    const span = beginRequest(identity, request.method);
    response.locals['requestId'] = requestId;
    response.locals['log'] = notingRefusal(response, log.child({ requestId, traceparent }));
    measureRequest(response, meter, span);
    response.set('x-request-id', requestId);
    span.run(next);
  };
}

/** Whether the peer is a proxy whose `X-Forwarded-*` and `X-Request-Id` count. */
function trusts(app: Express): (request: Request) => boolean {
  const trustsAddress = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  return (request) => trustsAddress(request.socket.remoteAddress ?? '', 0);
}

/** The logger of a request. */
export function logOf(response: Response): Logger {
  return response.locals['log'] as Logger;
}

/** Shows the browser that the relay refused or held something back; the relay logs it. */
export function respondRelayError(response: Response, reason: Reason): void {
  respondErrorPage(response, reason, String(response.locals['requestId']));
}

/** The one place where an exception becomes an answer, and one log line. */
export const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const refused = asRefusal(error);
  const level = refused.reason === 'unexpected' ? 'error' : 'warn';
  const { reason, detail, cause } = refused;
  const { endpoint, client } = response.locals;
  logOf(response)[level]({ reason, detail, endpoint, client, err: cause }, 'refused');
  if (response.headersSent) {
    next(error);
    return;
  }
  if (response.locals['audience'] === 'browser') {
    respondErrorPage(response, reason, String(response.locals['requestId']));
  } else respondError(response, refused);
};

const BODY_REASONS: Readonly<Record<string, Reason>> = {
  'entity.too.large': 'body_too_large',
  'encoding.unsupported': 'body_type',
  'request.aborted': 'request_malformed',
  'request.size.invalid': 'request_malformed',
};

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) return new Refusal('unexpected', undefined, { cause: error });
  const reason = 'type' in error ? BODY_REASONS[String(error.type)] : undefined;
  // What the router could not decode in a path: it says itself that this is a 400.
  const undecoded = error instanceof URIError && 'status' in error && error.status === 400;
  const otherwise = undecoded ? 'request_malformed' : 'unexpected';
  return new Refusal(reason ?? otherwise, undefined, { cause: error });
}
