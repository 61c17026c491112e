import type { Page } from './page.ts';
import { AUDIT_PAGES } from './pages/audit.ts';
import { CLIENT_DETAIL_PAGES } from './pages/client.ts';
import { CLIENT_PAGES } from './pages/clients.ts';
import { KEY_PAGES } from './pages/keys.ts';
import { overviewPages, type Health } from './pages/overview.ts';
import { PEOPLE_PAGES } from './pages/people.ts';
import { REMOVAL_PAGES } from './pages/removal.ts';
import { RENAMED_PAGES } from './pages/renamed.ts';
import { BOARD_PAGES } from './pages/rollout-board.ts';
import { ROLLOUT_PAGES } from './pages/rollout.ts';
import { SECTOR_LINK_PAGES } from './pages/sector-links.ts';
import { SECTOR_PAGES } from './pages/sectors.ts';
import { SUBJECT_FILE_PAGES } from './pages/subject-files.ts';
import { TOKEN_PAGES } from './pages/tokens.ts';
import { TRANSFER_PAGES } from './pages/transfer.ts';
import { VENDOR_PAGES } from './pages/vendors.ts';

/** Every page, and every form that one of them sends. */
export function dashboardPages({ health }: { readonly health: () => Health }): readonly Page[] {
  return [
    ...overviewPages(health),
    ...VENDOR_PAGES,
    ...CLIENT_PAGES,
    ...CLIENT_DETAIL_PAGES,
    ...TRANSFER_PAGES,
    ...REMOVAL_PAGES,
    ...BOARD_PAGES,
    ...ROLLOUT_PAGES,
    ...PEOPLE_PAGES,
    ...SUBJECT_FILE_PAGES,
    ...RENAMED_PAGES,
    ...AUDIT_PAGES,
    ...KEY_PAGES,
    ...SECTOR_PAGES,
    ...SECTOR_LINK_PAGES,
    ...TOKEN_PAGES,
  ];
}
