import type { AdminContext } from '../admin/context.ts';
import {
  beginDashboardSession,
  endDashboardSession,
  findDashboardSession,
  SESSION_SECONDS,
  type DashboardSession,
  type DashboardUser,
} from '../operations/dashboard-sessions.ts';
import { formTokenOf, type DashboardCookies } from './cookies.ts';

/** Somebody who is logged in, and what their forms repeat. */
export interface Visitor extends DashboardSession {
  readonly formToken: string;
}

/** The sessions of browsers: a random reference in a cookie, everything else in the database. */
export class BrowserSessions {
  readonly #context: AdminContext;
  readonly #cookies: DashboardCookies;
  readonly #adminToken: string | undefined;

  constructor(context: AdminContext, cookies: DashboardCookies, adminToken: string | undefined) {
    this.#context = context;
    this.#cookies = cookies;
    this.#adminToken = adminToken;
  }

  /** Whoever is behind a browser's cookies; undefined: nobody, or not any more. */
  async read(cookieHeader: string | undefined): Promise<Visitor | undefined> {
    const reference = this.#cookies.read('session', cookieHeader);
    if (reference === undefined) return undefined;
    const found = await findDashboardSession(this.#context, reference, this.#adminToken);
    return found && { ...found, formToken: formTokenOf(reference) };
  }

  /** Begins a session under a new reference, and ends the one before; the Set-Cookie. */
  async begin(
    user: DashboardUser,
    cookieHeader: string | undefined,
    requestId: string,
  ): Promise<string> {
    await this.end(cookieHeader, requestId);
    const reference = await beginDashboardSession(this.#context, user, requestId);
    return this.#cookies.set('session', reference, SESSION_SECONDS[user.kind]);
  }

  /** Ends a browser's session, for every replica; the Set-Cookie that takes the cookie away. */
  async end(cookieHeader: string | undefined, requestId: string): Promise<string> {
    const reference = this.#cookies.read('session', cookieHeader);
    const session =
      reference && (await findDashboardSession(this.#context, reference, this.#adminToken));
    if (session) await endDashboardSession(this.#context, reference, session, requestId);
    return this.#cookies.set('session', '', 0);
  }
}
