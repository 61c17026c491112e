import type { Page } from './page.ts';
import { overviewPages, type Health } from './pages/overview.ts';

/** Every page, and every form that one of them sends. */
export function dashboardPages({ health }: { readonly health: () => Health }): readonly Page[] {
  return [...overviewPages(health)];
}
