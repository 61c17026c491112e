import { z } from 'zod';

import type { AtRest } from '../database/at-rest.ts';
import { AtRestError } from '../database/at-rest.ts';
import type { LoginChecks } from './provider-login.ts';

/** Seconds for which somebody may take to log in at the provider. */
export const LOGIN_SECONDS = 600;

const PLACE = { table: 'dashboard', column: 'login', row: 'cookie' } as const;

const contents = z.object({
  ...{ state: z.string(), nonce: z.string(), verifier: z.string() },
  expires: z.number(),
});

/** A login under way, sealed for the cookie of the browser that began it: nothing is kept of it here. */
export function sealLogin(atRest: AtRest, checks: LoginChecks, now: Date): string {
  const login = { ...checks, expires: now.getTime() + LOGIN_SECONDS * 1000 };
  return atRest.seal(PLACE, Buffer.from(JSON.stringify(login))).toString('base64url');
}

/** The login that a browser began; undefined: none, or too long ago. */
export function openLogin(
  atRest: AtRest,
  cookie: string | undefined,
  now: Date,
): LoginChecks | undefined {
  if (cookie === undefined) return undefined;
  try {
    const opened = atRest.open(PLACE, Buffer.from(cookie, 'base64url')).toString('utf8');
    const { expires, ...checks } = contents.parse(JSON.parse(opened));
    return expires > now.getTime() ? checks : undefined;
  } catch (error) {
    if (error instanceof AtRestError) return undefined;
    throw error;
  }
}
