import { decodeJwt } from 'jose';

import { Browser } from '../../support/browser.ts';
import type { Row } from './dimensions.ts';
import type { Members, RecordedParty, Told } from './recorded-party.ts';

/**
 * One user's visit to one vendor in one response type and mode: a login, its
 * tokens, userinfo, a refresh, and errors: a login that is not possible, a code
 * used twice, a token that is none. Yields the subjects in ID tokens and at
 * userinfo, in their order; the party's record holds all that the vendor received.
 */
export async function visit(
  party: RecordedParty,
  browser: Browser,
  username: string,
  { responseType, responseMode }: Pick<Row, 'responseType' | 'responseMode'>,
): Promise<readonly unknown[]> {
  const subjects: unknown[] = [];
  const hold = async (tokens: Readonly<Record<string, unknown>>): Promise<void> => {
    if (typeof tokens['error'] === 'string') throw new Error(JSON.stringify(tokens));
    if (typeof tokens['id_token'] === 'string') subjects.push(decodeJwt(tokens['id_token']).sub);
    if (typeof tokens['access_token'] !== 'string') return;
    const claims = claimsIn(await party.userinfo(tokens['access_token']));
    if (typeof claims['error'] === 'string') throw new Error(JSON.stringify(claims));
    subjects.push(claims['sub']);
  };
  const asked: Members = {
    response_type: responseType,
    ...(responseMode === 'default' ? {} : { response_mode: responseMode }),
  };
  const answer = await party.authorize(browser, username, asked);
  await hold(answer);
  const { code } = answer;
  if (code !== undefined) {
    const { members } = await party.redeem(code);
    await hold(members);
    await hold((await party.refresh(String(members['refresh_token']))).members);
  }
  await fail(party, asked, code ?? 'no-code-of-anybody');
  return subjects;
}

/** Nobody logs in, and nothing is valid. */
export async function fail(party: RecordedParty, asked: Members, usedCode: string): Promise<void> {
  const browser = new Browser();
  await party.authorize(browser, '', { ...asked, prompt: 'none' });
  await browser.close();
  await party.redeem(usedCode);
  await party.userinfo('no-token-of-anybody');
}

/** The claims of userinfo, as JSON or as a JWT. */
export function claimsIn({ text, members }: Told): Readonly<Record<string, unknown>> {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? decodeJwt(text) : members;
}
