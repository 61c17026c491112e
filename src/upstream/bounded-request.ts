import type { Dispatcher } from 'undici';

import { Refusal } from '../errors.ts';
import { exchangeRefusal } from './exchange-failure.ts';

/** An answer as it came over the wire, complete. */
export interface RawResponse {
  readonly status: number;
  /** Lower-case names; a list where a header came more than once. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** A request that failed before any of an answer was there: whoever knows it to be safe may repeat it. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/**
 * One request and its whole answer. The body is collected as it comes, without a stream of its
 * own, which would cost more than the request.
 *
 * @throws UnansweredError with what went wrong before the head of an answer as its cause;
 *   Refusal `upstream_too_large` beyond so many bytes, and those of {@link exchangeRefusal};
 *   the reason of the signal where that ends it
 */
export function boundedRequest(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<RawResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<RawResponse>();
  const chunks: Buffer[] = [];
  let length = 0;
  let head: Pick<RawResponse, 'status' | 'headers'> | undefined;
  let running: Dispatcher.DispatchController | undefined;
  const end = (error: unknown): void => {
    signal.removeEventListener('abort', abort);
    reject(error instanceof Error ? error : new Error(String(error)));
  };
  const abort = (): void => {
    const reason = signal.reason as Error;
    running?.abort(reason);
    // What waits for a connection has nothing to be cut yet.
    end(reason);
  };
  if (signal.aborted) {
    abort();
    return promise;
  }
  signal.addEventListener('abort', abort);
  dispatcher.dispatch(options, {
    onRequestStart: (controller) => {
      running = controller;
      if (signal.aborted) controller.abort(signal.reason as Error);
    },
    onResponseStart: (_controller, status, headers) => {
      // 1xx come before the answer (RFC 9110 15.2).
      if (status >= 200) head = { status, headers };
    },
    onResponseData: (controller, chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) {
        controller.abort(new Refusal('upstream_too_large', `over ${maxBytes} bytes`));
      }
    },
    onResponseEnd: () => {
      signal.removeEventListener('abort', abort);
      if (head === undefined) reject(new Error('an answer without a head'));
      else resolve({ ...head, body: Buffer.concat(chunks, length) });
    },
    onResponseError: (_controller, error) => {
      if (head === undefined) end(new UnansweredError('no answer', { cause: error }));
      else end(exchangeRefusal(error, 'in-body'));
    },
  });
  return promise;
}
