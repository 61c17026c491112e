import type { ExitName } from '../../../src/protocol/exits.ts';
import { LOG_STEPS } from './log-steps.ts';
import { FIRST_LOGIN, LOGIN_STEPS } from './login-steps.ts';
import { LOGOUT_STEPS } from './logout-steps.ts';
import { PAGE_STEPS } from './page-steps.ts';
import { REGISTRATION_STEPS } from './registration-steps.ts';
import { RELAY_STEPS } from './relay-steps.ts';
import type { Step } from './scene.ts';
import { TOKEN_STEPS } from './token-steps.ts';

/** All that a vendor can ask for, in their order; both vendors take each before the next. */
export const STEPS: readonly Step[] = [
  ...LOGIN_STEPS,
  ...PAGE_STEPS,
  ...TOKEN_STEPS,
  ...REGISTRATION_STEPS,
  ...RELAY_STEPS,
  ...LOGOUT_STEPS,
  ...LOG_STEPS,
];

/**
 * What is asked for through a front channel: all of it, or else what exists in this one only,
 * behind the login without which there is nothing to ask for.
 */
export function stepsThrough(frontChannel: 'relay' | 'callback', all: boolean): readonly Step[] {
  return STEPS.filter((step) => {
    if (step.frontChannel !== undefined) return step.frontChannel === frontChannel;
    return all || step === FIRST_LOGIN || LOG_STEPS.includes(step);
  });
}

const OF_THE_USER = 'the user’s own browser is served, and no vendor: test/leaks/account.test.ts';
const OF_EVENTS = 'nobody is rotated there: test/leaks/events.test.ts';

/** The exits that no step passes, with the reason and the test that takes their place. */
export const NOT_PASSED: Partial<Readonly<Record<ExitName, string>>> = {
  traces: 'no vendor is given them: test/leaks/traces.test.ts',
  metrics: 'no vendor reaches the admin listener: test/leaks/metrics.test.ts',
  'former-subject':
    'an operator names the vendor that is to know the original subject: test/leaks/mapping.test.ts',
  'linked-subject': 'nobody links sectors there: test/leaks/linked-sectors.test.ts',
  'event-subject': OF_EVENTS,
  'event-user': OF_EVENTS,
  'event-sector': OF_EVENTS,
  'event-audience': OF_EVENTS,
  'event-id': OF_EVENTS,
  'event-phase': OF_EVENTS,
  'event-grace': OF_EVENTS,
  'event-address': OF_EVENTS,
  'account-page': OF_THE_USER,
  'account-session': OF_THE_USER,
  'account-user': OF_THE_USER,
  'account-login': OF_THE_USER,
  'account-fresh': OF_THE_USER,
  'account-form': OF_THE_USER,
};
