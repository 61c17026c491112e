import type { Reason } from '../../errors.ts';
import type { RelayAnswer, RelayPolicy } from './policy.ts';
import { carriesValue } from './responses.ts';
import { rewriteText, type TextRules } from './text-rewriter.ts';
import { toOurs, type Site } from './site.ts';

/** What a relayed redirect is judged with. */
export interface RedirectRules {
  readonly site: Site;
  readonly policy: RelayPolicy;
  readonly text: TextRules;
  readonly answer: (response: URL) => Promise<RelayAnswer>;
}

/**
 * Where a relayed redirect may lead: to ourselves; as an authorization response
 * wherever the policy sends it; unchanged to a federation origin. Everything else
 * is blocked. `base` is the upstream address that the redirect came from.
 */
export async function redirectFrom(
  location: string,
  base: URL,
  { site, policy, text, answer }: RedirectRules,
): Promise<RelayAnswer> {
  const url = URL.parse(location, base.href);
  if (url === null) return blocked('relay_blocked', 'a redirect to no URL');
  if (policy.isRedirectTarget(url)) return answer(url);
  const ours = isWeb(url) ? toOurs(url, site) : undefined;
  if (ours !== undefined) return { kind: 'redirect', location: await rewriteText(ours, text) };
  if (carriesValue(url)) return answer(url);
  if (isWeb(url) && site.federationOrigins.has(url.origin)) {
    return { kind: 'redirect', location: url.href };
  }
  return blocked('relay_blocked', `a redirect to ${isWeb(url) ? url.origin : url.protocol}`);
}

/**
 * The value of a `Refresh` header or of `<meta http-equiv=refresh>` with its URL
 * judged as a redirect.
 */
export async function refreshFrom(
  value: string,
  base: URL,
  rules: RedirectRules,
): Promise<RelayAnswer> {
  const match = /^\s*([\d.]*)\s*(?:[;,\s]\s*)?(?:url\s*=\s*)?(.*)$/is.exec(value);
  const target = /^(["'])(.*?)(?:\1|$)/s.exec(match?.[2] ?? '')?.[2] ?? match?.[2]?.trim() ?? '';
  const delay = match?.[1] ?? '';
  if (target === '') return { kind: 'redirect', location: delay };
  const judged = await redirectFrom(target, base, rules);
  if (judged.kind === 'blocked') return judged;
  return { kind: 'redirect', location: `${delay}; url=${judged.location}` };
}

/** Whether a URL is fetched from a web server. */
export function isWeb(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'http:';
}

function blocked(reason: Reason, detail: string): RelayAnswer {
  return { kind: 'blocked', reason, detail };
}
