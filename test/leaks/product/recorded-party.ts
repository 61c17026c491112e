import { createHash, randomBytes } from 'node:crypto';

import { decodeJwt } from 'jose';

import type { Browser, Page, Walk } from '../../support/browser.ts';
import type { VendorRecord } from '../../support/recorder.ts';
import { basic } from '../../support/steps.ts';

export type Members = Readonly<Record<string, string>>;

/** Which client of a vendor is played. */
export interface Place {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
  readonly redirectUri: string;
}

/** What one of the proxy's endpoints told a vendor's server. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON object; empty for anything else. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** One vendor's server and its users' browsers, with a record of all that it receives. */
export class RecordedParty {
  readonly place: Place;
  readonly record: VendorRecord;
  readonly #verifier = random(32);

  constructor(place: Place, record: VendorRecord) {
    this.place = place;
    this.record = record;
  }

  get credentials(): Record<string, string> {
    return basic(this.place.clientId, this.place.secret);
  }

  /** The parameters of an authorization request. */
  request(parameters: Members): Record<string, string> {
    const { clientId, redirectUri } = this.place;
    return {
      ...{ client_id: clientId, redirect_uri: redirectUri, scope: 'openid profile email' },
      ...{ response_type: 'code', nonce: random(16), state: random(16) },
      code_challenge: createHash('sha256').update(this.#verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    };
  }

  authorizeAddress(parameters: Members): URL {
    const url = new URL(`${this.place.issuer}/oidc/authorize`);
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }

  /** The members of the authorization response to a request with these parameters. */
  authorize(browser: Browser, username: string, parameters: Members = {}): Promise<Members> {
    return this.answerTo(browser, username, this.request(parameters));
  }

  /** The members of the authorization response to exactly these parameters. */
  async answerTo(browser: Browser, username: string, sent: Members): Promise<Members> {
    const { redirectUri } = this.place;
    let walk = await browser.walk(this.authorizeAddress(sent));
    if (!isAnswer(walk, redirectUri) && walk.page.forms.length > 0 && !isNotice(walk.page)) {
      walk = await browser.submitLogin(walk.page, { username });
    }
    if (isNotice(walk.page)) walk = await browser.submit(walk.page, { answer: 'continue' });
    return membersOf(this.#received(walk));
  }

  /** Asks one of the proxy's endpoints, as this client unless other headers say who asks. */
  async post(path: string, form: Members, headers: Members = this.credentials): Promise<Told> {
    const request = { method: 'POST', headers, body: new URLSearchParams(form) };
    return told(await this.record.fetch(this.place.issuer + path, request));
  }

  async get(path: string, headers: Members = {}): Promise<Told> {
    return told(await this.record.fetch(this.place.issuer + path, { headers }));
  }

  token(form: Members, headers: Members = {}): Promise<Told> {
    return this.post('/oidc/token', form, { ...this.credentials, ...headers });
  }

  codeForm(code: string): Members {
    const { redirectUri } = this.place;
    const proof = { redirect_uri: redirectUri, code_verifier: this.#verifier };
    return { grant_type: 'authorization_code', code, ...proof };
  }

  redeem(code: string): Promise<Told> {
    return this.token(this.codeForm(code));
  }

  refresh(refreshToken: string): Promise<Told> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  userinfo(accessToken: string): Promise<Told> {
    return this.get('/oidc/userinfo', { authorization: `Bearer ${accessToken}` });
  }

  /** What reaches the vendor: the address, or the form that is posted to it. */
  #received({ page, callback }: Walk): URLSearchParams {
    if (callback !== undefined) {
      this.record.add('authorization response', callback.href);
      return new URLSearchParams([
        ...callback.searchParams,
        ...new URLSearchParams(callback.hash.slice(1)),
      ]);
    }
    const [form] = page.forms;
    if (form?.action.href !== this.place.redirectUri) {
      const said = `${page.status} ${page.body.slice(0, 500)}`;
      throw new Error(`the login ended at ${page.url.href}: ${said}`);
    }
    const members = new URLSearchParams({ ...form.fields });
    this.record.add('authorization response by form_post', members.toString());
    return members;
  }
}

/** Whether somebody is first told what the vendor will get. */
export function isNotice({ url }: Page): boolean {
  return url.pathname.endsWith('/oidc/notice');
}

/** A member that has to be there, as text. */
export function must(from: Told | Members, name: string): string {
  const { members, text } =
    'members' in from && typeof from.members === 'object'
      ? (from as Told)
      : { members: from as Members, text: JSON.stringify(from) };
  const value = members[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in ${text.slice(0, 500)}`);
  return value;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

async function told(response: Response): Promise<Told> {
  const text = await response.text();
  const members = text.startsWith('{') ? (JSON.parse(text) as Told['members']) : {};
  return { status: response.status, headers: response.headers, text, members };
}

function isAnswer({ page, callback }: Walk, redirectUri: string): boolean {
  return callback !== undefined || page.forms[0]?.action.href === redirectUri;
}

function membersOf(sent: URLSearchParams): Members {
  const response = sent.get('response');
  const claims = response === null ? Object.fromEntries(sent) : decodeJwt(response);
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}
