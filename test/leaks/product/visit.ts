import { createHash, randomBytes } from 'node:crypto';

import { decodeJwt } from 'jose';

import { Browser } from '../../support/browser.ts';
import type { Walk } from '../../support/browser.ts';
import { VendorRecord } from '../../support/recorder.ts';
import { basic } from '../../support/steps.ts';
import type { World } from '../../support/world.ts';
import { vendorSecret } from '../../support/world.ts';
import type { Row } from './dimensions.ts';

/** What one vendor holds at the end of a visit. */
export interface Visit {
  readonly record: VendorRecord;
  /** Subjects in ID tokens and at userinfo, in their order. */
  readonly subjects: readonly unknown[];
}

type Members = Readonly<Record<string, string>>;

/** One vendor's server and its users' browsers, with a record of all that it receives. */
function play(world: World, id: string, row: Pick<Row, 'responseType' | 'responseMode'>) {
  const record = new VendorRecord();
  const { clientId, redirectUri } = world.vendor(id);
  const { issuer } = world.proxy;
  const credentials = basic(clientId, vendorSecret(id));
  const codeVerifier = randomBytes(32).toString('base64url');

  const authorize = async (
    browser: Browser,
    username: string,
    parameters: Members,
  ): Promise<Members> => {
    const url = new URL(`${issuer}/oidc/authorize`);
    url.search = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirectUri, scope: 'openid profile email' },
      ...{ response_type: row.responseType, nonce: random(), state: random() },
      ...(row.responseMode === 'default' ? {} : { response_mode: row.responseMode }),
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...parameters,
    }).toString();
    let walk = await browser.walk(url);
    if (!isAnswer(walk, redirectUri) && walk.page.forms.length > 0) {
      walk = await browser.submitLogin(walk.page, { username });
    }
    return membersOf(received(walk, redirectUri, record));
  };
  const askToken = async (form: Members): Promise<Record<string, unknown>> => {
    const body = new URLSearchParams(form);
    const request = { method: 'POST', headers: credentials, body };
    const response = await record.fetch(`${issuer}/oidc/token`, request);
    return (await response.json()) as Record<string, unknown>;
  };
  const redeem = (code: string): Promise<Record<string, unknown>> =>
    askToken({
      ...{ grant_type: 'authorization_code', code },
      ...{ redirect_uri: redirectUri, code_verifier: codeVerifier },
    });
  const refresh = (refreshToken: string): Promise<Record<string, unknown>> =>
    askToken({ grant_type: 'refresh_token', refresh_token: refreshToken });
  const userinfo = async (accessToken: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const response = await record.fetch(`${issuer}/oidc/userinfo`, { headers });
    return (await response.json()) as Record<string, unknown>;
  };
  /** Nobody logs in, and nothing is valid. */
  const fail = async (usedCode: string): Promise<void> => {
    const browser = new Browser();
    await authorize(browser, '', { prompt: 'none' });
    await browser.close();
    await redeem(usedCode);
    await userinfo('no-token-of-anybody');
  };
  return { record, authorize, redeem, refresh, userinfo, fail };
}

/**
 * One user's visit to one vendor, all of it: a login, its tokens, userinfo, a
 * refresh, and errors: a login that is not possible, a code used twice, a token
 * that is none. What the vendor's server or page receives goes into the record.
 */
export async function visit(
  world: World,
  id: string,
  browser: Browser,
  username: string,
  row: Row,
): Promise<Visit> {
  const { record, authorize, redeem, refresh, userinfo, fail } = play(world, id, row);
  const subjects: unknown[] = [];
  const hold = async (tokens: Readonly<Record<string, unknown>>): Promise<void> => {
    if (typeof tokens['error'] === 'string') throw new Error(JSON.stringify(tokens));
    if (typeof tokens['id_token'] === 'string') subjects.push(decodeJwt(tokens['id_token']).sub);
    if (typeof tokens['access_token'] !== 'string') return;
    const claims = await userinfo(tokens['access_token']);
    if (typeof claims['error'] === 'string') throw new Error(JSON.stringify(claims));
    subjects.push(claims['sub']);
  };
  const answer = await authorize(browser, username, {});
  await hold(answer);
  const { code } = answer;
  if (code !== undefined) {
    const tokens = await redeem(code);
    await hold(tokens);
    await hold(await refresh(String(tokens['refresh_token'])));
  }
  await fail(code ?? 'no-code-of-anybody');
  return { record, subjects };
}

/** What a vendor receives at which nobody ever logs in. */
export async function strangersErrors(world: World, id: string): Promise<VendorRecord> {
  const record = new VendorRecord();
  for (const responseMode of ['query', 'query.jwt']) {
    const played = play(world, id, { responseType: 'code', responseMode });
    await played.fail('no-code-of-anybody');
    record.received.push(...played.record.received);
  }
  return record;
}

function random(): string {
  return randomBytes(16).toString('base64url');
}

function isAnswer({ page, callback }: Walk, redirectUri: string): boolean {
  return callback !== undefined || page.forms[0]?.action.href === redirectUri;
}

/** What reaches the vendor: the address, or the form that is posted to it. */
function received(walk: Walk, redirectUri: string, record: VendorRecord): URLSearchParams {
  const { page, callback } = walk;
  if (callback !== undefined) {
    record.add('authorization response', callback.href);
    return new URLSearchParams([
      ...callback.searchParams,
      ...new URLSearchParams(callback.hash.slice(1)),
    ]);
  }
  const [form] = page.forms;
  if (form?.action.href !== redirectUri) {
    throw new Error(
      `the login ended at ${page.url.href}: ${page.status} ${page.body.slice(0, 500)}`,
    );
  }
  const members = new URLSearchParams({ ...form.fields });
  record.add('authorization response by form_post', members.toString());
  return members;
}

function membersOf(sent: URLSearchParams): Members {
  const response = sent.get('response');
  const claims = response === null ? Object.fromEntries(sent) : decodeJwt(response);
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}
