import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

import { relayedSetCookie, type IsOwnCookie } from './cookies.ts';
import { treatmentOf } from './media-types.ts';
import type { Site } from './site.ts';
import { rewriteText, type TextRules } from './text-rewriter.ts';

const PASSED = [
  'cache-control',
  'clear-site-data',
  'content-disposition',
  'content-language',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'date',
  'expires',
  'feature-policy',
  'last-modified',
  'origin-agent-cluster',
  'permissions-policy',
  'pragma',
  'retry-after',
  'vary',
  'x-content-type-options',
  'x-csrf-token',
  'x-frame-options',
  'x-ua-compatible',
  'x-xsrf-token',
  'x-xss-protection',
];
const REWRITTEN = ['link', 'content-security-policy', 'content-security-policy-report-only'];
// True of the upstream's octets, hence only of a body that is not rewritten.
const OF_THE_BODY = ['content-length', 'content-encoding', 'etag'];

/**
 * The headers that reach the browser, an allow-list. `Location` and `Refresh` are
 * judged elsewhere.
 */
export async function relayedResponseHeaders(
  response: IncomingMessage,
  site: Site,
  rules: TextRules,
  isOwnCookie: IsOwnCookie,
): Promise<OutgoingHttpHeaders> {
  const { headers } = response;
  const relayed: OutgoingHttpHeaders = {};
  for (const name of PASSED) {
    if (headers[name] !== undefined) relayed[name] = headers[name];
  }
  for (const name of REWRITTEN) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const rewritten = await rewriteText(value, rules);
    relayed[name] = name === 'link' ? rewritten : relayedPolicy(rewritten, site);
  }
  const cookies = (headers['set-cookie'] ?? []).flatMap(
    (cookie) => relayedSetCookie(cookie, site, isOwnCookie) ?? [],
  );
  if (cookies.length > 0) relayed['set-cookie'] = cookies;
  relayed['referrer-policy'] = 'no-referrer';
  describeBody(response, relayed);
  return relayed;
}

function describeBody(response: IncomingMessage, relayed: OutgoingHttpHeaders): void {
  const { headers, statusCode } = response;
  const type = headers['content-type'];
  const binary = treatmentOf(type) === 'binary';
  if (binary || statusCode === 304) {
    for (const name of OF_THE_BODY) {
      if (headers[name] !== undefined) relayed[name] = headers[name];
    }
  } else {
    delete relayed['last-modified'];
  }
  if (statusCode === 204 || statusCode === 304) return;
  relayed['content-type'] = type ?? 'text/plain; charset=utf-8';
  // Octets that were not looked at must not be taken for a script or a page.
  if (binary || type === undefined) relayed['x-content-type-options'] = 'nosniff';
}

// The upstream names itself in a policy without a scheme, too; and asking for https
// would cut off a loopback http address.
function relayedPolicy(policy: string, site: Site): string {
  const theirs = new URL(site.origin).host;
  const ours = new URL(site.ours.origin).host;
  return policy
    .split(';')
    .filter((part) => !(site.plainHttp && /^\s*upgrade-insecure-requests\s*$/i.test(part)))
    .map((part) =>
      part
        .split(' ')
        .map((source) => (source.toLowerCase() === theirs ? ours : source))
        .join(' '),
    )
    .join(';');
}
