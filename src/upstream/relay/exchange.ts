import type { ClientRequest, OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Request, Response } from 'express';

import { Refusal, type Reason } from '../../errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Site } from './site.ts';

/** Shows the browser that something was refused. */
export type RenderBlocked = (response: Response, reason: Reason) => void;

/** A request, and how the browser and the log are told that it failed. */
export interface Outlet {
  readonly request: Request;
  readonly response: Response;
  readonly renderBlocked: RenderBlocked;
  readonly log: Logger;
}

/** What was admitted. */
export interface ExchangeParts extends Outlet {
  readonly site: Site;
  /** The upstream's public address of what was asked for. */
  readonly page: URL;
  /** What was added to the request and must not come back. */
  readonly secret: string | undefined;
}

/** One relayed request, from its admission to its end; it fails once at most. */
export class Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly site: Site;
  readonly page: URL;
  /** The browser's own `Cookie` header, our cookies included. */
  readonly cookies: string | undefined;
  /** What was added to the request and must not come back. */
  readonly secret: string | undefined;
  /** What is sent instead of the request's own body. */
  body: Readable | undefined;
  readonly #outlet: Outlet;
  readonly #relayedHeaders = new Set<string>();
  #upstreamRequest: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #state: 'waiting' | 'answered' | 'over' = 'waiting';

  constructor(parts: ExchangeParts) {
    const { request, response, site, page } = parts;
    this.request = request;
    this.response = response;
    this.site = site;
    this.page = page;
    this.secret = parts.secret;
    this.cookies = request.headers.cookie;
    this.#outlet = parts;
    response.once('close', () => this.abandon());
  }

  /** Starts the clock for the head of the answer; `milliseconds` from now it fails. */
  awaitHead(milliseconds: number): void {
    if (this.#state !== 'waiting') return;
    this.#timer = setTimeout(() => {
      this.failed(new Refusal('upstream_timeout', 'no head in time'));
    }, milliseconds);
  }

  /** The request upstream exists. */
  begin(upstreamRequest: ClientRequest): void {
    this.#upstreamRequest = upstreamRequest;
    if (this.#state === 'over') upstreamRequest.destroy();
  }

  /** The head is there. False when nobody waits for it any more. */
  answered(): boolean {
    clearTimeout(this.#timer);
    if (this.#state !== 'waiting') return false;
    this.#state = 'answered';
    return true;
  }

  /** Nobody waits any more. */
  abandon(): void {
    clearTimeout(this.#timer);
    this.#state = 'over';
    this.#upstreamRequest?.destroy();
  }

  /** Sets the answer's headers so that a later failure can take them back. */
  setHeaders(headers: OutgoingHttpHeaders): void {
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue;
      this.#relayedHeaders.add(name);
      this.response.setHeader(name, value);
    }
  }

  /**
   * Ends the exchange: with an error page where nothing was sent yet, else by
   * breaking the connection, so that no half answer passes for a whole one.
   */
  failed(error: unknown): void {
    if (this.#state === 'over') return;
    clearTimeout(this.#timer);
    this.#state = 'over';
    const { response } = this;
    if (response.headersSent || response.destroyed) {
      this.#outlet.log.warn(describe(error), 'relayed answer broken off');
      response.destroy();
      this.#upstreamRequest?.destroy();
      return;
    }
    for (const name of this.#relayedHeaders) response.removeHeader(name);
    refuseRequest(error, this.#outlet);
  }

  /** The vendor is told an error, the log why. */
  told(refused: { readonly reason: Reason; readonly detail?: string }): void {
    this.#outlet.log.warn({ ...refused, endpoint: 'relay' }, 'login refused');
  }

  /** Something in a page was held back; the page goes on. */
  heldBack(what: string): void {
    this.#outlet.log.warn(
      { reason: 'relay_blocked', detail: what },
      'held back from a relayed page',
    );
  }
}

/** Answers with an error page, logs why, and reads the rest of the request away. */
export function refuseRequest(error: unknown, outlet: Outlet): void {
  const { request, response, renderBlocked, log } = outlet;
  const described = describe(error);
  const cause = described.reason === 'unexpected' ? { err: error } : {};
  log.warn({ ...described, ...cause, endpoint: 'relay' }, 'refused');
  if (response.headersSent || response.destroyed) return;
  if (!request.complete) {
    response.setHeader('connection', 'close');
    request.resume();
  }
  try {
    renderBlocked(response, described.reason);
  } catch (cause) {
    // Reached from event handlers, where a throw would end the process.
    log.error({ err: cause, endpoint: 'relay' }, 'no error page');
    response.destroy();
  }
}

function describe(error: unknown): { reason: Reason; detail: string | undefined } {
  if (error instanceof Refusal) return { reason: error.reason, detail: error.detail };
  if (!(error instanceof Error)) return { reason: 'unexpected', detail: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { reason: reasonOf(code), detail: code };
}

function reasonOf(code: string): Reason {
  if (code === 'ETIMEDOUT') return 'upstream_timeout';
  if (code.startsWith('HPE_')) return 'upstream_malformed';
  if (/^(?:Z_|ZSTD_|ERR__ERROR|ERR_BROTLI)/.test(code)) return 'upstream_encoding';
  const unreachable = /^(?:E[A-Z]+$|CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED)/;
  return unreachable.test(code) ? 'upstream_unavailable' : 'unexpected';
}
