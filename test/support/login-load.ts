import { setTimeout as sleep } from 'node:timers/promises';

import { decodeJwt } from 'jose';

import type { LegacyUser } from '../../demo/legacy-idp/users.ts';
import { Browser } from './browser.ts';
import type { Answer, VendorByHand } from './by-hand.ts';
import { member, members } from './by-hand.ts';

/** So many users of the legacy provider; their password is their name and `-password`. */
export function manyUsers(count: number, prefix = 'person'): readonly LegacyUser[] {
  return Array.from({ length: count }, (_each, n) => {
    const username = `${prefix}-${n}`;
    return { username, password: `${username}-password`, givenName: 'Pat', familyName: `Nr ${n}` };
  });
}

/** How one step of a login went wrong: `503`, `error=temporarily_unavailable`, `ECONNRESET` … */
export type Failure = string;

/** What came of a load. */
export interface Report {
  readonly logins: number;
  /** How often each failure was seen. */
  readonly failures: Readonly<Record<Failure, number>>;
}

/** Who logs in, and where. */
export interface LoadOptions {
  /** The same vendors at one or at several replicas. */
  readonly vendors: () => readonly VendorByHand[];
  readonly usernames: readonly string[];
  /** Logins at a time. Default: 4. */
  readonly atOnce?: number;
}

/**
 * Users who log in without end, each time in a new browser, to the end: code, tokens,
 * userinfo, refresh. Every answer that is a success is judged at once: the subject is
 * the one that this user has had in this sector from the beginning, nobody else's, and
 * the user's name stands nowhere in it.
 */
export class LoginLoad {
  readonly #options: LoadOptions;
  readonly #subjects = new Map<string, string>();
  readonly #owners = new Map<string, string>();
  readonly #failures = new Map<Failure, number>();
  readonly #wrong: string[] = [];
  readonly #workers: Promise<void>[] = [];
  readonly #ended = new AbortController();
  #logins = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    for (let n = 0; n < (options.atOnce ?? 4); n += 1) this.#workers.push(this.#work(n));
  }

  /** What was done so far. */
  get report(): Report {
    return { logins: this.#logins, failures: Object.fromEntries(this.#failures) };
  }

  /** Waits for so many more logins; they show that it goes on. */
  async more(count: number): Promise<void> {
    const goal = this.#logins + count;
    while (this.#logins < goal && this.#wrong.length === 0) await sleep(10);
  }

  /** Waits until so many more logins failed, or for a while: not every fault is met by all. */
  async failed(count: number, milliseconds = 30_000): Promise<void> {
    const seen = (): number => [...this.#failures.values()].reduce((sum, each) => sum + each, 0);
    const goal = seen() + count;
    const end = performance.now() + milliseconds;
    while (seen() < goal && performance.now() < end) await sleep(10);
  }

  /** Ends the load; fails where any answer was wrong. */
  async end(): Promise<Report> {
    this.#ended.abort();
    await Promise.all(this.#workers);
    if (this.#wrong.length > 0) throw new Error(this.#wrong.slice(0, 10).join('\n'));
    return this.report;
  }

  /** The subject of each user in each sector, under `client user`. */
  get subjects(): ReadonlyMap<string, string> {
    return this.#subjects;
  }

  async #work(worker: number): Promise<void> {
    const { vendors, usernames } = this.#options;
    for (let turn = worker; !this.#ended.signal.aborted; turn += this.#options.atOnce ?? 4) {
      const all = vendors();
      const vendor = all[turn % all.length];
      const username = usernames[turn % usernames.length];
      if (vendor === undefined || username === undefined) throw new Error('nobody logs in');
      try {
        await this.#logIn(vendor, username);
        this.#logins += 1;
      } catch (error) {
        const failure = failureOf(error);
        this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
        // Whoever is refused does not come back at once.
        await sleep(20);
      }
    }
  }

  async #logIn(vendor: VendorByHand, username: string): Promise<void> {
    const browser = new Browser();
    try {
      const begun = await vendor.begin(browser, username);
      const first = good(await vendor.redeem(begun), 'token');
      this.#judge(vendor, username, first);
      const userinfo = good(await vendor.userinfo(member(first, 'access_token')), 'userinfo');
      this.#judge(vendor, username, userinfo);
      const refreshed = await vendor.refresh(member(first, 'refresh_token'));
      this.#judge(vendor, username, good(refreshed, 'refresh'));
    } finally {
      await browser.close();
    }
  }

  #judge({ clientId }: VendorByHand, username: string, answer: Answer): void {
    const body = members(answer);
    const idToken = body['id_token'];
    const sub = typeof idToken === 'string' ? decodeJwt(idToken).sub : body['sub'];
    if (idToken === undefined && body['access_token'] !== undefined) return;
    const user = `${clientId} ${username}`;
    const known = this.#subjects.get(user);
    const owner = this.#owners.get(`${clientId} ${String(sub)}`);
    if (known !== undefined && known !== sub) this.#wrong.push(`${user} got another subject`);
    if (owner !== undefined && owner !== user) this.#wrong.push(`${user} got that of ${owner}`);
    if (typeof sub !== 'string' || sub === '') this.#wrong.push(`${user} got no subject`);
    const text = `${answer.body} ${typeof idToken === 'string' ? JSON.stringify(decodeJwt(idToken)) : ''}`;
    if (text.includes(username)) this.#wrong.push(`the name of ${user} was told`);
    this.#subjects.set(user, String(sub));
    this.#owners.set(`${clientId} ${String(sub)}`, user);
  }
}

class Refused extends Error {}

function good(answer: Answer, step: string): Answer {
  if (answer.status === 200) return answer;
  const told = answer.headers.get('content-type')?.startsWith('application/json') === true;
  const error = told ? members(answer)['error'] : 'no JSON';
  const patience = answer.headers.has('retry-after') ? ' retry-after' : '';
  throw new Refused(`${step}: ${answer.status} ${String(error)}${patience}`);
}

/** What an error tells of where a login ended. */
function failureOf(error: unknown): Failure {
  if (error instanceof Refused) return error.message;
  const { message, code, cause } = error as Error & { code?: string; cause?: { code?: string } };
  const atPage = /^the login ended at .*?: (\d{3}) .*?(?:Error: (\w+))?/.exec(message);
  if (atPage !== null) return `page: ${atPage[1] ?? ''}`;
  const told = /^no code in .*[?&]error=(\w+)/.exec(message);
  if (told !== null) return `callback: ${told[1] ?? ''}`;
  return `connection: ${code ?? cause?.code ?? message}`;
}
