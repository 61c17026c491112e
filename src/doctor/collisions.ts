import { OWN_PREFIXES } from '../http/routes.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { ok, problem, type Finding } from './finding.ts';

/** The upstream's endpoints that browsers visit. */
const BROWSER_FACING = [
  'authorization_endpoint',
  'end_session_endpoint',
  'check_session_iframe',
] as const;

/** Upstream pages that nobody reaches, because an address of ours stands in their place. */
export function collisionFindings(
  metadata: UpstreamMetadata,
  relayedPaths: readonly string[],
): readonly Finding[] {
  const endpoints = BROWSER_FACING.flatMap((name) => metadata.reached[name]?.pathname ?? []);
  const hidden = [...new Set([...endpoints, ...relayedPaths])].filter(isOurs);
  const ours = OWN_PREFIXES.join(', ');
  if (hidden.length === 0) {
    return [ok('collisions', `No page of the upstream lies under ${ours}, which are ours.`)];
  }
  const message = `Upstream pages lie under addresses of ours (${ours}): ${hidden.join(', ')}.`;
  const hint =
    'Ours win, so those pages are out of reach. Give ISSUER a path, or the upstream other paths.';
  return [problem('collisions', message, hint)];
}

/** Whether a path under `ISSUER` is one of ours and never relayed. */
export function isOurs(path: string): boolean {
  return OWN_PREFIXES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}
