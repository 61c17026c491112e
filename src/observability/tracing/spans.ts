import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Context, Span, Tracer } from '@opentelemetry/api';

import type { RequestIdentity } from '../request-id.ts';
import { currentRequest, inRequest } from './request-scope.ts';

/** Does nothing while no operator has brought an SDK (`--import`). */
function tracer(): Tracer {
  return trace.getTracer('pairwise-proxy');
}

/** All that a span may say; each is a word of the code, a number, or a registered client. */
const ATTRIBUTES = [
  ...['http.request.method', 'http.response.status_code', 'error.type'],
  ...['db.operation.name', 'db.system.name'],
  ...['pairwise.endpoint', 'pairwise.outcome', 'pairwise.client', 'pairwise.request_id'],
  'pairwise.upstream_call',
] as const;

/** Where the types are got round, only these names come through. */
const ALLOWED: ReadonlySet<string> = new Set(ATTRIBUTES);

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A request on its way. */
export interface RequestSpan {
  /** Runs what the request asks for within the span. */
  run(work: () => void): void;
  end(said: {
    readonly endpoint: string;
    readonly outcome: string;
    readonly status: number;
    readonly client: string | undefined;
  }): void;
}

/** Begins the span of a request: below a trusted proxy's, or the first of a trace. */
export function beginRequest(identity: RequestIdentity, method: string): RequestSpan {
  const parent = parentOf(identity.traceparent);
  const span = tracer().startSpan(method, { kind: SpanKind.SERVER }, parent);
  return {
    run: (work) => context.with(trace.setSpan(parent, span), () => inRequest(identity, work)),
    end: ({ endpoint, outcome, status, client }) => {
      span.updateName(`${method} ${endpoint}`);
      say(span, {
        'http.request.method': method,
        'http.response.status_code': status,
        'pairwise.endpoint': endpoint,
        'pairwise.outcome': outcome,
        'pairwise.client': client,
        'pairwise.request_id': identity.requestId,
      });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Headers by which another server knows the request: its id, and its place in a trace. */
export type OutgoingHeaders = Readonly<Record<string, string>>;

/**
 * Runs a call of the upstream in a span of its own. `work` gets the headers to send along, and
 * says with which status the call ended.
 */
export async function tracedCall<T extends { readonly status: number }>(
  call: string,
  method: string,
  work: (headers: OutgoingHeaders) => Promise<T>,
): Promise<T> {
  const span = tracer().startSpan(`upstream ${call}`, { kind: SpanKind.CLIENT });
  say(span, { 'http.request.method': method, 'pairwise.upstream_call': call });
  try {
    const within = trace.setSpan(context.active(), span);
    const answer = await context.with(within, () => work(outgoingHeaders(span)));
    say(span, { 'http.response.status_code': answer.status });
    return answer;
  } catch (error) {
    // By its name alone: a message may quote what was sent.
    const type = error instanceof Error ? error.name : 'unknown';
    say(span, { 'error.type': reasonOf(error) ?? type });
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Begins the span of a query; undefined where nobody records it. */
export function beginQuery(
  operation: string,
  system: string,
): ((failed: boolean) => void) | undefined {
  const span = tracer().startSpan(`database ${operation}`, { kind: SpanKind.CLIENT });
  if (!span.isRecording()) return undefined;
  say(span, { 'db.operation.name': operation, 'db.system.name': system });
  return (failed) => {
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}

/** What goes along with whatever is asked of the upstream for a request. */
export function outgoingHeaders(span: Span | undefined = trace.getActiveSpan()): OutgoingHeaders {
  const request = currentRequest();
  const traceparent = spanned(span) ?? request?.traceparent;
  return {
    ...(request !== undefined && { 'x-request-id': request.requestId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function say(span: Span, attributes: Attributes): void {
  if (!span.isRecording()) return;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && ALLOWED.has(name)) span.setAttribute(name, value);
  }
}

/** W3C Trace Context 3.2. */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** A span as the parent of what another server does; undefined where nobody records it. */
function spanned(span: Span | undefined): string | undefined {
  if (span === undefined || !span.isRecording()) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function reasonOf(error: unknown): string | undefined {
  const reason: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'reason') : undefined;
  return typeof reason === 'string' ? reason : undefined;
}
