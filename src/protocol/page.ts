import type { ProtocolResponse } from './message.ts';
import { NO_STORE } from './message.ts';

/**
 * A page of ours for a person: no script, nothing from elsewhere.
 *
 * @param title plain text, also the heading
 * @param body markup, whatever is not ours in it escaped
 * @param stylesheet an address of ours
 */
export function page(
  title: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  stylesheet?: string,
): ProtocolResponse {
  const heading = escaped(title);
  return {
    kind: 'page',
    html:
      '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
      `<meta name="viewport" content="width=device-width"><title>${heading}</title>` +
      (stylesheet === undefined ? '' : `<link rel="stylesheet" href="${escaped(stylesheet)}">`) +
      '</head>' +
      `<body><main><h1>${heading}</h1>${body}</main></body></html>\n`,
    headers: { ...NO_STORE, 'referrer-policy': 'no-referrer', ...headers },
  };
}

/** Text as it may stand in markup and between quotes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
