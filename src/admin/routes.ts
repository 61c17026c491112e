import type { Route } from './route.ts';
import { ACTIVITY_ROUTES } from './routes/activity.ts';
import { AUDIT_ROUTES } from './routes/audit.ts';
import { EVENT_ROUTES } from './routes/client-events.ts';
import { TRANSFER_ROUTES } from './routes/client-transfer.ts';
import { CLIENT_ROUTES } from './routes/clients.ts';
import { KEY_ROUTES } from './routes/keys.ts';
import { LOG_LEVEL_ROUTES } from './routes/log-level.ts';
import { MAPPING_ROUTES } from './routes/mapping.ts';
import { ROLLOUT_ROUTES } from './routes/rollout.ts';
import { SALT_ROUTES } from './routes/salts.ts';
import { FILE_ROUTES } from './routes/subject-files.ts';
import { IMPORT_ROUTES } from './routes/subject-import.ts';
import { SECTOR_ROUTES } from './routes/sectors.ts';
import { LINK_ROUTES } from './routes/subject-link.ts';
import { SUBJECT_ROUTES } from './routes/subjects.ts';
import { TOKEN_ROUTES } from './routes/tokens.ts';
import { VENDOR_REGISTRATION_ROUTES } from './routes/vendor-registration.ts';
import { VENDOR_ROUTES } from './routes/vendors.ts';

/** Every operation of the admin API. */
export const ROUTES: readonly Route[] = [
  ...VENDOR_ROUTES,
  ...VENDOR_REGISTRATION_ROUTES,
  ...CLIENT_ROUTES,
  ...TRANSFER_ROUTES,
  ...EVENT_ROUTES,
  ...MAPPING_ROUTES,
  ...IMPORT_ROUTES,
  ...ROLLOUT_ROUTES,
  ...SUBJECT_ROUTES,
  ...LINK_ROUTES,
  ...FILE_ROUTES,
  ...SECTOR_ROUTES,
  ...SALT_ROUTES,
  ...KEY_ROUTES,
  ...ACTIVITY_ROUTES,
  ...AUDIT_ROUTES,
  ...LOG_LEVEL_ROUTES,
  ...TOKEN_ROUTES,
];
