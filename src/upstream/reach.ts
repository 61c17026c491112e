/** The upstream's name, and the base at which it is really reached. */
export interface UpstreamAddress {
  /** The issuer identifier, to the letter. */
  readonly issuer: string;
  /** Equals `issuer` unless the upstream is reached elsewhere. */
  readonly url: string;
}

/**
 * Where an address that the upstream advertises is really reached. What lies on
 * the issuer's origin moves with the base: the path prefix by which `url` differs
 * from `issuer` goes in front. Addresses on other origins stay as they are.
 */
export function reachedAt(address: UpstreamAddress, advertised: URL): URL {
  const issuer = new URL(address.issuer);
  const base = new URL(address.url);
  const reached = new URL(advertised);
  reached.hash = '';
  if (address.issuer === address.url || advertised.origin !== issuer.origin) return reached;
  const [from, to] = differingPrefixes(trimmed(issuer.pathname), trimmed(base.pathname));
  const path = advertised.pathname;
  const inside = path === from || path.startsWith(`${from}/`);
  reached.protocol = base.protocol;
  reached.host = base.host;
  // Assigning a host without a port keeps the old port.
  reached.port = base.port;
  reached.pathname = inside ? to + path.slice(from.length) : path;
  return reached;
}

/** Where the upstream's discovery document is reached (OpenID Connect Discovery 4.1). */
export function discoveryUrl(address: UpstreamAddress): URL {
  const url = new URL(address.url);
  url.pathname = `${trimmed(url.pathname)}/.well-known/openid-configuration`;
  return url;
}

/**
 * The headers by which an upstream behind us learns its public name, for
 * providers that build their addresses from the request. None where the
 * upstream is reached by its own name.
 */
export function forwardedHeaders(address: UpstreamAddress): Readonly<Record<string, string>> {
  if (address.issuer === address.url) return {};
  const { host, protocol } = new URL(address.issuer);
  return { 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) };
}

/** What remains of two paths when the segments that they share at the end are taken off. */
function differingPrefixes(from: string, to: string): readonly [string, string] {
  const one = from.split('/');
  const other = to.split('/');
  while (one.length > 1 && other.length > 1 && one.at(-1) === other.at(-1)) {
    one.pop();
    other.pop();
  }
  return [one.join('/'), other.join('/')];
}

function trimmed(pathname: string): string {
  return pathname.replace(/\/+$/, '');
}
