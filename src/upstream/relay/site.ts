import { AddressText, type AddressBase } from './url-text.ts';
import type { RelayUpstream } from './policy.ts';

const ELSEWHERE: AddressBase = { origin: 'https://nowhere.invalid', prefix: '' };

/** Both sides of the relay, and the way from one side's addresses to the other's. */
export interface Site {
  /** Our issuer; its path is the prefix of everything relayed. */
  readonly ours: AddressBase;
  /** Whether we are served over plain http, where `Secure` cookies do not hold. */
  readonly plainHttp: boolean;
  /** The upstream's public origin. */
  readonly origin: string;
  /** Where requests are sent. */
  readonly target: string;
  readonly outward: AddressText;
  readonly inward: AddressText;
  readonly federationOrigins: ReadonlySet<string>;
  readonly federation: AddressText;
}

/** Sets the two sides against each other. */
export function createSite(
  issuer: string,
  upstream: RelayUpstream,
  federationOrigins: readonly string[],
): Site {
  const issuerUrl = new URL(issuer);
  const ours = { origin: issuerUrl.origin, prefix: issuerUrl.pathname.replace(/\/+$/, '') };
  const origin = new URL(upstream.origin).origin;
  const target = new URL(upstream.target).origin;
  const origins = new Set([...spellings(origin), target]);
  origins.delete(ours.origin);
  const theirs = [...origins].map((each) => ({ origin: each, prefix: '' }));
  return {
    ours,
    plainHttp: issuerUrl.protocol === 'http:',
    origin,
    target,
    outward: new AddressText(theirs, ours),
    inward: new AddressText(origin === ours.origin ? [] : [ours], { origin, prefix: '' }),
    federationOrigins: new Set(federationOrigins.map((each) => new URL(each).origin)),
    federation: new AddressText(
      federationOrigins.map((each) => ({ origin: new URL(each).origin, prefix: '' })),
      ELSEWHERE,
    ),
  };
}

/**
 * Our URL for one of the upstream's, or undefined where it is not one of the
 * upstream's (and not ours already).
 */
export function toOurs(url: URL, site: Site): string | undefined {
  const rest = `${url.pathname}${url.search}${url.hash}`;
  if (url.origin === site.ours.origin) {
    const under = site.ours.prefix === '' || `${url.pathname}/`.startsWith(`${site.ours.prefix}/`);
    if (under) return `${site.ours.origin}${rest}`;
    return site.origin === site.ours.origin ? ourAddress(rest, site) : undefined;
  }
  const theirs = [...spellings(site.origin), site.target].includes(url.origin);
  return theirs ? ourAddress(rest, site) : undefined;
}

/** The upstream's URL for one of ours. */
export function toTheirs(url: URL, site: Site): URL {
  if (url.origin !== site.ours.origin) return url;
  const inside = `${url.pathname}/`.startsWith(`${site.ours.prefix}/`);
  const path = inside ? url.pathname.slice(site.ours.prefix.length) : url.pathname;
  return new URL(`${site.origin}${path.startsWith('/') ? path : `/${path}`}${url.search}`);
}

function ourAddress(rest: string, site: Site): string {
  return `${site.ours.origin}${site.ours.prefix}${rest}`;
}

// A server behind a TLS terminator often writes http where it means https.
function spellings(origin: string): string[] {
  const { protocol, host, port } = new URL(origin);
  return protocol === 'https:' && port === '' ? [origin, `http://${host}`] : [origin];
}
