import { createHash } from 'node:crypto';

import { parseCookie, stringifySetCookie } from 'cookie';

import { Refusal } from '../errors.ts';
import { secretsEqual } from '../tokens/client-secret.ts';
import type { ProtocolRequest } from './message.ts';
import type { TakeReference } from './pending-notices.ts';
import type { Seals } from './seals.ts';

/** Seconds from the authentication on; whatever a user does here is done by somebody who just logged in. */
const ACCOUNT_SECONDS = 600;

/** A user who has logged in at `/account`. */
export interface AccountSession {
  readonly localSubject: string;
  /** What a form must repeat: bound to the session, and of no use without its cookie. */
  readonly formToken: string;
}

interface AccountSessionsOptions {
  readonly issuer: string;
  readonly seals: Seals;
  /** Under what a user's sessions are found again to be erased. */
  readonly indexOf: (localSubject: string) => Uint8Array;
  readonly take: TakeReference;
}

/**
 * The sessions of users at `/account`: in the database, sealed, erased with their
 * user. The browser has a random reference that says nothing.
 */
export class AccountSessions {
  readonly cookieName: string;
  readonly #options: AccountSessionsOptions;
  readonly #origin: string;
  readonly #secure: boolean;

  constructor(options: AccountSessionsOptions) {
    this.#options = options;
    this.#origin = new URL(options.issuer).origin;
    // `__Host-` cookies need https; a loopback issuer may be plain http.
    this.#secure = options.issuer.startsWith('https:');
    this.cookieName = this.#secure ? '__Host-pairwise-account' : 'pairwise-account';
  }

  /**
   * Begins a session under a reference that nobody has seen before; the Set-Cookie.
   *
   * @throws Refusal `database_unavailable`
   */
  async begin(localSubject: string, now: Date): Promise<string> {
    const expiresAt = new Date(now.getTime() + ACCOUNT_SECONDS * 1000);
    const user = this.#options.indexOf(localSubject);
    const times = { now, expiresAt, user };
    const kept = await this.#options.seals.keep('account_session', { s: localSubject }, times);
    return this.#setCookie(kept, ACCOUNT_SECONDS);
  }

  /** The session of a browser; undefined: none, or it is over. */
  async read({ headers }: Headed, now: Date): Promise<AccountSession | undefined> {
    const reference = this.#referenceIn(headers['cookie']);
    if (reference === undefined) return undefined;
    const opened = await this.#options.seals.unseal('account_session', reference, now);
    if (!opened.ok) return undefined;
    return {
      localSubject: String(opened.value.contents['s']),
      formToken: formTokenOf(reference),
    };
  }

  /** Ends the session of a browser, for every replica; the Set-Cookie that takes the cookie away. */
  async end({ headers }: Headed, now: Date): Promise<string> {
    const reference = this.#referenceIn(headers['cookie']);
    if (reference !== undefined) await this.#options.take(reference, now);
    return this.#setCookie('', 0);
  }

  /**
   * Whether a form was sent by a page of ours that this session was shown.
   *
   * @throws Refusal `account_form_foreign`
   */
  requireOwnForm(
    { headers, form }: Pick<ProtocolRequest, 'headers' | 'form'>,
    session: AccountSession,
  ): void {
    const { origin, 'sec-fetch-site': site } = headers;
    if (origin !== this.#origin) throw new Refusal('account_form_foreign', 'another origin');
    if (site !== undefined && site !== 'same-origin') {
      throw new Refusal('account_form_foreign', `a form of ${site.slice(0, 20)}`);
    }
    if (!secretsEqual(form.get('token') ?? '', session.formToken)) {
      throw new Refusal('account_form_foreign', 'its token');
    }
  }

  #referenceIn(cookieHeader: string | undefined): string | undefined {
    if (cookieHeader === undefined) return undefined;
    const value = parseCookie(cookieHeader)[this.cookieName];
    return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined;
  }

  #setCookie(value: string, maxAge: number): string {
    return stringifySetCookie({
      ...{ name: this.cookieName, value, path: '/', maxAge },
      // Lax: the login ends with a redirect from the provider, which another site may be.
      ...{ httpOnly: true, secure: this.#secure, sameSite: 'lax' },
    });
  }
}

type Headed = Pick<ProtocolRequest, 'headers'>;

/** The reference is secret and random, so its hash under a label of its own is too. */
function formTokenOf(reference: string): string {
  return createHash('sha256')
    .update('pairwise-proxy account form\0')
    .update(reference)
    .digest('base64url');
}
