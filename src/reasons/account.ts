import type { Wire } from './wire.ts';

/** What can be wrong with what users do about themselves at `/account`. */
export const ACCOUNT = {
  account_login_old: {
    status: 403,
    error: 'login_required',
    description: 'The identity provider did not authenticate you just now. Log in again.',
  },
  account_form_foreign: {
    status: 403,
    error: 'access_denied',
    description: 'This form was not sent by the page that you were shown. Go back and try again.',
  },
  account_disconnect_forbidden: {
    status: 403,
    error: 'access_denied',
    description: 'This application cannot be disconnected here. Ask its contacts.',
  },
  account_throttled: {
    status: 429,
    error: 'temporarily_unavailable',
    description: 'Too much was asked for at once. Try again in a minute.',
    retryAfter: 60,
  },
} as const satisfies Record<string, Wire>;
