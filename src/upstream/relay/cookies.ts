import type { Site } from './site.ts';

// A browser takes `__Host-` and `__Secure-` cookies over https alone; on loopback
// http they travel under these names.
const PLAIN_NAMES = [
  ['__Host-', 'relayed-host-'],
  ['__Secure-', 'relayed-secure-'],
] as const;

/** Whether a cookie of this name belongs to the proxy itself. */
export type IsOwnCookie = (name: string) => boolean;

/**
 * An upstream `Set-Cookie` as ours: bound to our host and path, never one of our
 * own cookies (undefined then, and for one without a name).
 */
export function relayedSetCookie(
  header: string,
  site: Site,
  isOwnCookie: IsOwnCookie,
): string | undefined {
  const [pair = '', ...attributes] = header.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, Math.max(equals, 0)).trim();
  if (name === '' || isOwnCookie(name)) return undefined;
  const value = pair.slice(equals + 1).trim();
  const kept = attributes.flatMap((attribute) => relayedAttribute(attribute, name, site));
  return [`${site.plainHttp ? plainName(name) : name}=${value}`, ...kept].join('; ');
}

/** The browser's `Cookie` header as the upstream knows it, or undefined when none is left. */
export function relayedCookies(
  header: string | undefined,
  site: Site,
  isOwnCookie: IsOwnCookie,
): string | undefined {
  const kept = (header ?? '').split(';').flatMap((pair) => {
    const [name = '', ...value] = pair.trim().split('=');
    if (name === '' || value.length === 0 || isOwnCookie(name)) return [];
    const upstreamName = site.plainHttp ? originalName(name) : name;
    return isOwnCookie(upstreamName) ? [] : [`${upstreamName}=${value.join('=')}`];
  });
  return kept.length === 0 ? undefined : kept.join('; ');
}

function relayedAttribute(attribute: string, name: string, site: Site): string[] {
  const [key = '', ...rest] = attribute.split('=');
  const value = rest.join('=').trim();
  switch (key.trim().toLowerCase()) {
    case 'expires':
    case 'max-age':
      return [`${key.trim()}=${value}`];
    case 'path':
      if (!value.startsWith('/')) return [];
      if (name.startsWith('__Host-')) return ['Path=/'];
      return [
        `Path=${value === '/' && site.ours.prefix !== '' ? site.ours.prefix : site.ours.prefix + value}`,
      ];
    case 'httponly':
      return ['HttpOnly'];
    case 'samesite':
      // Without Secure, browsers refuse SameSite=None; their default is Lax.
      if (site.plainHttp && value.toLowerCase() === 'none') return [];
      return [`SameSite=${value}`];
    case 'secure':
      return site.plainHttp ? [] : ['Secure'];
    case 'partitioned':
      return site.plainHttp ? [] : ['Partitioned'];
    case 'priority':
      return [`Priority=${value}`];
    default:
      return [];
  }
}

function plainName(name: string): string {
  for (const [prefix, plain] of PLAIN_NAMES) {
    if (name.startsWith(prefix)) return plain + name.slice(prefix.length);
  }
  return name;
}

function originalName(name: string): string {
  for (const [prefix, plain] of PLAIN_NAMES) {
    if (name.startsWith(plain)) return prefix + name.slice(plain.length);
  }
  return name;
}
