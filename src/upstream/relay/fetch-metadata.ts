import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of another origin fetches this for itself (Fetch Metadata: a
 * script, an image, a call), rather than sending the browser here. Such an answer
 * must not depend on who the user is: what a script defines, every page that embeds
 * it can read.
 */
export function isEmbeddedElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  const mode = headers['sec-fetch-mode'];
  return (site === 'cross-site' || site === 'same-site') && mode !== 'navigate';
}
