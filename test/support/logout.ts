import type { Browser, Page } from './browser.ts';

/** How a logout ended: where the vendor's users come back to, or a page. */
export interface LoggedOut {
  readonly returned: URL | undefined;
  readonly page: Page;
}

/** Follows a logout through the provider's pages; the user confirms it. */
export async function logOut(
  browser: Browser,
  address: URL | string,
  returnTo: string,
): Promise<LoggedOut> {
  let walk = await browser.walk(address);
  if (walk.callback === undefined && walk.page.forms.length > 0) {
    walk = await browser.submit(walk.page, { logout: 'yes' });
  }
  const end = walk.callback;
  const returned = end !== undefined && end.href.startsWith(returnTo) ? end : undefined;
  return { returned, page: walk.page };
}
