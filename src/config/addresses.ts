import { read, unreadable } from './reading.ts';
import type { Reading } from './reading.ts';

/**
 * Whether a URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. Only
 * there is plain http good enough for an issuer (RFC 8252 8.3).
 */
export function isLoopback(url: URL): boolean {
  if (url.hostname === 'localhost' || url.hostname === '[::1]') return true;
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(url.hostname);
}

/** An address as it is compared: without a trailing slash. */
export function withoutTrailingSlash(address: string): string {
  return address.replace(/\/+$/, '');
}

/**
 * The proxy's own issuer. Vendors compare an issuer to the letter, so an address
 * that would have to be normalised (a trailing slash, a capital, a default port)
 * is refused rather than changed: the operator may have told vendors that very
 * spelling. Paths keep to plain characters, so that every router reads them alike.
 */
export function issuerAddress(text: string): Reading<string> {
  const url = webUrl(text);
  if (url?.protocol === 'http:' && !isLoopback(url)) {
    return unreadable(
      'uses http beyond this machine',
      'write an https:// address; http is for localhost, 127.0.0.0/8 and [::1] alone',
    );
  }
  return ownAddress(text);
}

/** An address at which the proxy itself is reached: canonical, without a trailing slash. */
export function ownAddress(text: string): Reading<string> {
  const reading = upstreamAddress(text);
  if (!reading.ok) return reading;
  const url = new URL(text);
  const canonical = withoutTrailingSlash(url.href);
  if (canonical !== text) {
    return unreadable(
      'is not in its canonical form (lower-case host, no default port, no trailing slash)',
      `write ${canonical}`,
    );
  }
  if (!/^(\/[A-Za-z0-9._~-]+)*\/?$/.test(url.pathname)) {
    return unreadable(
      'has a path with unusual characters',
      'use only letters, digits, ".", "_", "~" and "-" between single slashes',
    );
  }
  return reading;
}

/**
 * An address of the upstream, kept to the letter: http or https (an inner network
 * may do without TLS), no query, no fragment (OpenID Connect Discovery 2), no
 * user information.
 */
export function upstreamAddress(text: string): Reading<string> {
  const url = webUrl(text);
  if (url === undefined) {
    return unreadable(
      'is not an http or https URL',
      'write a full address such as https://login.example.com',
    );
  }
  if (/[?#]/.test(text)) {
    return unreadable('has a query or a fragment', 'write the address without "?…" and "#…"');
  }
  if (url.username !== '' || url.password !== '') {
    return unreadable('holds a user name or password', 'write the address without "user@"');
  }
  return read(text);
}

/** An address that only the operator knows: https, or http on this machine; no user information. */
export function webhookAddress(text: string): Reading<string> {
  const url = webUrl(text);
  if (url === undefined || (url.protocol === 'http:' && !isLoopback(url))) {
    return unreadable(
      'is not an https URL',
      'write a full address such as https://siem.example.com/events',
    );
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return unreadable(
      'holds a user name, a password or a fragment',
      'write the address alone; what the receiver wants to hear first is SECURITY_WEBHOOK_AUTHORIZATION',
    );
  }
  return read(text);
}

/** An origin (RFC 6454): scheme, host and port, nothing after. */
export function originAddress(text: string): Reading<string> {
  const url = webUrl(text);
  if (url !== undefined && url.origin === text) return read(text);
  return unreadable(
    'is not an http or https origin',
    'write scheme, host and port only, in lower case, such as https://idp.example.com',
  );
}

function webUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/\\\s]/i.test(text) || /[\s\\]/.test(text)) return undefined;
  return URL.parse(text) ?? undefined;
}
