import type { Browser, Page, Walk } from './browser.ts';

/** Whether the page is the application of `upstream/single-page-login.ts`. */
export function isSinglePageLogin(page: Page): boolean {
  return page.body.includes('data-ending=');
}

/** Does what the script of that page does. */
export async function submitSinglePage(
  browser: Browser,
  page: Page,
  credentials: Readonly<Record<string, string>>,
): Promise<Walk> {
  const wanted = page.url.searchParams;
  const uid = wanted.get('interaction') ?? '';
  const sent = await browser.open(new URL(`/interaction/${uid}/login`, page.url), {
    json: credentials,
    from: page,
  });
  const { ok } = JSON.parse(sent.body) as { readonly ok: boolean };
  if (!ok) return { page: sent, callback: undefined };
  if (page.body.includes('data-ending="navigate"')) {
    return browser.walk(wanted.get('callback_url') ?? '', { from: page });
  }
  const headers = { accept: 'application/json' };
  const asked = await browser.open(new URL(`/auth/${uid}`, page.url), { headers, from: page });
  const { location } = JSON.parse(asked.body) as { location: string };
  const target = new URL(location);
  return browser.isCallback(target)
    ? { page: asked, callback: target }
    : browser.walk(target, { from: page });
}
