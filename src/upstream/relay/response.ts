import type { IncomingMessage } from 'node:http';

import { Refusal } from '../../errors.ts';
import { relayedBody, send } from './body.ts';
import type { IsOwnCookie } from './cookies.ts';
import type { Exchange } from './exchange.ts';
import { isEmbeddedElsewhere } from './fetch-metadata.ts';
import type { GuardRules } from './html-guard.ts';
import type { RelayAnswer, RelayPolicy } from './policy.ts';
import { redirectFrom, refreshFrom } from './redirects.ts';
import { relayedResponseHeaders } from './response-headers.ts';
import type { Site } from './site.ts';
import { refuseRepeatedInHead } from './withheld.ts';

/** What answers are passed on by. */
export interface ResponseParts {
  readonly policy: RelayPolicy;
  readonly isOwnCookie: IsOwnCookie;
}

/**
 * Passes the upstream's answer to the browser. Never rejects: a throw in the
 * handler of an answer would end the process.
 */
export async function relayResponse(
  exchange: Exchange,
  upstream: IncomingMessage,
  parts: ResponseParts,
): Promise<void> {
  try {
    await pass(exchange, upstream, parts);
  } catch (error) {
    exchange.failed(error);
  }
}

async function pass(
  exchange: Exchange,
  upstream: IncomingMessage,
  parts: ResponseParts,
): Promise<void> {
  const { site, page, response } = exchange;
  const status = upstream.statusCode ?? 502;
  // Half a text would hide what stands across its edge.
  if (status === 206) throw new Refusal('upstream_status', 'a part of an answer, not asked for');
  if (exchange.secret !== undefined) refuseRepeatedInHead(upstream, exchange.secret);
  const rules = rulesOf(exchange, parts);
  const headers = await relayedResponseHeaders(upstream, site, rules.text, parts.isOwnCookie);
  // Asked for without cookies, it would replace the user's session by another one.
  if (isEmbeddedElsewhere(exchange.request.headers)) delete headers['set-cookie'];
  const { location, refresh } = upstream.headers;
  if (location !== undefined) {
    // Octets beyond ASCII are UTF-8, as browsers read them.
    const text = Buffer.from(location, 'latin1').toString();
    headers['location'] = addressOf(await redirectFrom(text, page, rules));
  }
  if (typeof refresh === 'string') {
    headers['refresh'] = addressOf(await refreshFrom(refresh, page, rules));
  }
  response.statusCode = status;
  if (leaves(headers['location'], site)) {
    headers['cache-control'] = 'no-store';
    // A 307 would post the password on (RFC 9700 4.12).
    if (status === 307 || status === 308) response.statusCode = 303;
  }
  const redirects = location !== undefined && status >= 300 && status < 400;
  if (redirects || isEmpty(exchange, upstream, status)) {
    // The text beside a redirect repeats its target; nobody needs it.
    upstream.resume();
    if (status !== 304 && exchange.request.method !== 'HEAD') {
      delete headers['content-length'];
      delete headers['content-encoding'];
      if (redirects) delete headers['content-type'];
    }
    exchange.setHeaders(headers);
    response.end();
    return;
  }
  const body = relayedBody(upstream, page, rules, exchange.secret);
  exchange.setHeaders(headers);
  await send(body, response);
}

/** Whether a redirect goes on to somebody else than the upstream: to a vendor, or to our own endpoints. */
function leaves(location: unknown, { ours }: Site): boolean {
  if (typeof location !== 'string') return false;
  const url = URL.parse(location);
  return url?.origin !== ours.origin || url.pathname.startsWith(`${ours.prefix}/oidc/`);
}

function isEmpty(exchange: Exchange, upstream: IncomingMessage, status: number): boolean {
  if (exchange.request.method === 'HEAD' || status === 204 || status === 304) return true;
  return upstream.headers['content-length'] === '0';
}

function rulesOf(exchange: Exchange, { policy }: ResponseParts): GuardRules {
  const { site, cookies } = exchange;
  const answer = async (response: URL): Promise<RelayAnswer> => {
    const given = await policy.answer(response, cookies);
    if (given.kind === 'redirect' && given.refused !== undefined) exchange.told(given.refused);
    return given;
  };
  const text = {
    addresses: site.outward,
    untouched: site.federation,
    policy,
    answer: async (response: URL) => {
      const given = await answer(response);
      if (given.kind === 'blocked') exchange.heldBack(given.detail ?? given.reason);
      return given;
    },
  };
  return { site, policy, text, answer, heldBack: (what) => exchange.heldBack(what) };
}

function addressOf(answer: RelayAnswer): string {
  if (answer.kind === 'redirect') return answer.location;
  throw new Refusal(answer.reason, answer.detail);
}
