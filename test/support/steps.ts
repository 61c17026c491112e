import type { Pending, RelyingParty } from '../../demo/vendor/relying-party.ts';
import type { Browser } from './browser.ts';
import type { Vendor } from './vendors/vendor.ts';

/** A login that has come back to the vendor, and whose code nobody has redeemed yet. */
export interface Answered {
  readonly callback: URL;
  readonly pending: Pending;
  readonly party: RelyingParty;
}

/** Plays a vendor up to the authorization response; `parameters` are added to the request. */
export async function authorize(
  vendor: Vendor,
  browser: Browser,
  username: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const party = await vendor.party();
  const { url, pending } = await party.begin(parameters);
  return { callback: await browser.login(url, { username }), pending, party };
}

/** The authorization response to a request that a test wrote itself, or the page where it ended. */
export async function answerTo(
  browser: Browser,
  issuer: string,
  parameters: Readonly<Record<string, string>>,
): Promise<{ readonly answer: URL | undefined; readonly status: number; readonly body: string }> {
  const url = new URL(`${issuer}/oidc/authorize`);
  url.search = new URLSearchParams(parameters).toString();
  const { page, callback } = await browser.walk(url);
  return { answer: callback, status: page.status, body: page.body };
}

/** What an endpoint answered to a vendor's server. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts a form as a vendor's server does. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  return answerOf(await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) }));
}

/** Asks userinfo for the claims behind an access token. */
export async function askUserinfo(issuer: string, accessToken: string): Promise<JsonAnswer> {
  const headers = { authorization: `Bearer ${accessToken}` };
  return answerOf(await fetch(`${issuer}/oidc/userinfo`, { headers }));
}

/** HTTP Basic with the user and password as they stand. */
export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

async function answerOf(response: Response): Promise<JsonAnswer> {
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, body };
}
