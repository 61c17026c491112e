import { createHash } from 'node:crypto';
import type { ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';
import { escaped } from './page.ts';

const SUBMIT = 'document.forms[0].submit()';
const SUBMIT_HASH = createHash('sha256').update(SUBMIT).digest('base64');

/**
 * A page that posts an authorization response to the vendor (OAuth 2.0 Form Post
 * Response Mode). A button does it where scripts are switched off.
 */
export function formPostPage(
  action: string,
  members: Readonly<Record<string, string>>,
): ProtocolResponse {
  const fields = Object.entries(members).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const html =
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Logging in</title></head>' +
    `<body><form method="post" action="${escaped(action)}">${fields.join('')}` +
    '<noscript><p>Scripts are switched off.</p><button>Go on</button></noscript></form>' +
    `<script>${SUBMIT}</script></body></html>\n`;
  const policy = `default-src 'none'; script-src 'sha256-${SUBMIT_HASH}'; frame-ancestors *; base-uri 'none'`;
  return {
    kind: 'page',
    html,
    headers: { ...NO_STORE, 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
  };
}
