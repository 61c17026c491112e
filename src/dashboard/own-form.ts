import type { IncomingHttpHeaders } from 'node:http';

import { secretsEqual } from '../tokens/client-secret.ts';

/** A form that was sent by somebody else's page, or by one of a session that is over. */
export class ForeignFormError extends Error {
  override readonly name = 'ForeignFormError';
}

/**
 * Whether a form was sent by a page of ours: by the origin that the browser names, and, where
 * there is a session, by what only a page of that session holds.
 *
 * @param adminUrl where the dashboard is: no other host of the site, and no other port
 * @throws ForeignFormError
 */
export function requireOwnForm(
  headers: IncomingHttpHeaders,
  form: URLSearchParams,
  { adminUrl, formToken }: { readonly adminUrl: string; readonly formToken: string | undefined },
): void {
  const { origin: expected } = new URL(adminUrl);
  const { origin, 'sec-fetch-site': site } = headers;
  const isOfSite = site === undefined || site === 'same-origin';
  const isKnown = formToken === undefined || secretsEqual(form.get('token') ?? '', formToken);
  if (origin === expected && isOfSite && isKnown) return;
  throw new ForeignFormError(
    `The form was not sent by a page of this session. Nothing was changed. Open the dashboard at ${adminUrl} (ADMIN_URL), and send the form from there.`,
  );
}
