import { Refusal } from '../errors.ts';
import type { Exchange } from '../upstream/exchange.ts';
import { jsonValue } from '../upstream/json.ts';

/** What is asked of the document at a `sector_identifier_uri`. */
export interface SectorClaim {
  readonly sectorIdentifierUri: string;
  readonly redirectUris: readonly string[];
}

/** Why a `sector_identifier_uri` does not hold, in words for the vendor. */
export interface SectorDocumentProblem {
  readonly message: string;
  /** For the log alone. */
  readonly detail: string;
}

const UNREACHABLE = 'sector_identifier_uri could not be fetched';
const NOT_A_LIST = 'sector_identifier_uri must lead to a JSON array of strings';

/**
 * What is said of each failure. Whether an address was refused, nobody answered or
 * nothing came in time is one sentence: the rest would map a network for strangers.
 */
const MESSAGES: Readonly<Record<string, string>> = {
  upstream_media_type: 'sector_identifier_uri must answer with the media type application/json',
  upstream_malformed: NOT_A_LIST,
  upstream_too_large: 'sector_identifier_uri must answer with at most 64 KiB',
  upstream_redirect: 'sector_identifier_uri must not redirect to another host',
};

/**
 * Fetches the document at a `sector_identifier_uri` (OpenID Connect Registration 5)
 * and looks for every redirect URI in it. Undefined where all is in order; never throws
 * for what the other side does.
 */
export async function sectorDocumentProblem(
  exchange: Exchange,
  { sectorIdentifierUri, redirectUris }: SectorClaim,
): Promise<SectorDocumentProblem | undefined> {
  let listed: readonly string[] | undefined;
  try {
    listed = await fetchList(exchange, new URL(sectorIdentifierUri));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = MESSAGES[error.reason] ?? UNREACHABLE;
    return { message, detail: error.message };
  }
  if (listed === undefined) return { message: NOT_A_LIST, detail: 'not an array of strings' };
  const missing = redirectUris.find((uri) => !listed.includes(uri));
  if (missing === undefined) return undefined;
  const message = `redirect_uris must all be listed at sector_identifier_uri, which lacks ${missing}`;
  return { message, detail: 'a redirect URI is not listed' };
}

async function fetchList(exchange: Exchange, url: URL): Promise<readonly string[] | undefined> {
  if (url.protocol !== 'https:') throw new Refusal('upstream_unavailable', 'not https');
  const response = await exchange({
    ...{ method: 'GET', url, accept: ['application/json'] },
    redirects: 'same-origin',
  });
  if (response.status !== 200) {
    throw new Refusal('upstream_status', `status ${response.status}`);
  }
  const value = jsonValue(response);
  if (!Array.isArray(value)) return undefined;
  const strings = value.filter((each): each is string => typeof each === 'string');
  return strings.length === value.length ? strings : undefined;
}
