const MAXIMUM_LENGTH = 2000;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
// Schemes that a browser runs, opens from its own disk, or sends elsewhere by itself.
const REFUSED_SCHEMES: ReadonlySet<string> = new Set(
  'about blob chrome content data file filesystem ftp intent javascript mailto tel vbscript view-source ws wss'
    .split(' ')
    .map((scheme) => `${scheme}:`),
);

/** What is wrong with a redirect URI, and what would be right. */
export interface RedirectUriProblem {
  readonly wrong: string;
  readonly right: string;
}

/**
 * Whether a URI may be registered as a redirect target (RFC 6749 3.1.2, OpenID
 * Connect Registration 2, RFC 8252 7): absolute, exact, without a fragment; https,
 * or http on loopback; schemes of an app's own only for `native` clients.
 *
 * @returns undefined where it may
 */
export function redirectUriProblem(
  uri: string,
  applicationType: 'web' | 'native',
): RedirectUriProblem | undefined {
  if (uri.length > MAXIMUM_LENGTH) {
    return { wrong: 'is too long', right: `use at most ${MAXIMUM_LENGTH} characters` };
  }
  if (!/^[\x21-\x7e]+$/.test(uri) || uri.includes('\\')) {
    return {
      wrong: 'holds a space, a backslash or a character beyond ASCII',
      right: 'percent-encode it',
    };
  }
  if (uri.includes('*')) {
    return { wrong: 'holds a wildcard', right: 'name every redirect URI in full' };
  }
  const url = URL.parse(uri);
  if (url === null || !/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    return { wrong: 'is not an absolute URI', right: 'write it as https://host/path' };
  }
  if (uri.includes('#')) {
    return { wrong: 'has a fragment', right: 'leave out "#" and what follows it' };
  }
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?]*@/i.test(uri)) {
    return { wrong: 'names a user before "@"', right: 'leave the user out' };
  }
  return schemeProblem(url, uri, applicationType);
}

function schemeProblem(
  url: URL,
  uri: string,
  applicationType: 'web' | 'native',
): RedirectUriProblem | undefined {
  if (url.protocol === 'https:' || url.protocol === 'http:') {
    // The parser repairs "https:host" and "https:///host"; vendors' own code may not.
    if (!/^https?:\/\/[^/?]/i.test(uri)) {
      return { wrong: 'has no host after "://"', right: 'write it as https://host/path' };
    }
    if (url.protocol === 'https:' || LOOPBACK_HOSTS.has(url.hostname)) return undefined;
    return { wrong: 'uses http', right: 'use https (http is for localhost, 127.0.0.1 and [::1])' };
  }
  if (applicationType === 'web') {
    return {
      wrong: `uses the scheme "${url.protocol}"`,
      right: 'use https, or set application_type: native for an app',
    };
  }
  if (REFUSED_SCHEMES.has(url.protocol)) {
    return {
      wrong: `uses the scheme "${url.protocol}"`,
      right: "use a scheme of the app's own, as in com.example.app:/callback",
    };
  }
  return undefined;
}

/** An http address on loopback: what stands before its port, and the port. */
const LOOPBACK_ADDRESS = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?(?=[/?]|$)/;

/**
 * Whether a request names a registered redirect URI: to the letter (RFC 9700
 * 2.1), but for the port of a native app on loopback, which takes whichever is
 * free (RFC 8252 7.3).
 */
export function isRegisteredRedirectUri(
  uri: string,
  client: {
    readonly application_type: 'web' | 'native';
    readonly redirect_uris: readonly string[];
  },
): boolean {
  if (client.redirect_uris.includes(uri)) return true;
  const portless = uri.replace(LOOPBACK_ADDRESS, '$1');
  if (client.application_type !== 'native' || portless === uri || !URL.canParse(uri)) return false;
  return client.redirect_uris.some((each) => each.replace(LOOPBACK_ADDRESS, '$1') === portless);
}
