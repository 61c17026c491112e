import { compactDecrypt, decodeJwt } from 'jose';

import { DpopKey } from '../../support/dpop.ts';
import { Browser } from '../../support/browser.ts';
import type { Members, Told } from './recorded-party.ts';
import { must } from './recorded-party.ts';
import type { Scene, Side, Step } from './scene.ts';
import { claimsIn } from './visit.ts';

/** What every other step has behind it. */
export const FIRST_LOGIN: Step = {
  name: 'a login with a code, at a known time',
  exits: [
    ...(['code', 'access-token', 'refresh-token', 'response-headers'] as const),
    ...(['authorization-response-issuer', 'authorization-response-members'] as const),
    ...(['token-response-members', 'token-response-scope'] as const),
    ...(['id-token-subject', 'id-token-claims', 'id-token-values', 'id-token-issuer'] as const),
    ...(['id-token-audience', 'id-token-hash', 'id-token-expiry', 'id-token-sid'] as const),
    ...(['id-token-auth-time', 'id-token-auth-time-offset'] as const),
    ...(['userinfo-subject', 'userinfo-claims'] as const),
    ...(['claims-by-scope', 'aggregated-claims', 'relay-email'] as const),
  ],
  run: logIn,
};

export const LOGIN_STEPS: readonly Step[] = [
  {
    name: 'what anybody may read',
    exits: ['discovery', 'webfinger'],
    run: async ({ own: { id, party } }) => {
      await party.get('/.well-known/openid-configuration');
      await party.get('/oidc/jwks');
      const resource = encodeURIComponent(`acct:someone@${id}.example`);
      await party.get(`/.well-known/webfinger?resource=${resource}`);
    },
  },
  FIRST_LOGIN,
  {
    name: 'tokens in a signed answer by form_post',
    exits: [
      ...(['callback-early-code', 'callback-access-token', 'callback-members'] as const),
      ...(['callback-issuer', 'callback-browser-binding', 'jarm-audience'] as const),
      ...(['id-token-code-hash', 'id-token-state-hash'] as const),
    ],
    run: async ({ own: { party }, browser, username }) => {
      const asked = { response_type: 'code id_token token', response_mode: 'form_post.jwt' };
      const answer = await party.authorize(browser, username, asked);
      must(answer, 'id_token');
      await succeed(party.userinfo(must(answer, 'access_token')));
      must(await party.redeem(must(answer, 'code')), 'id_token');
    },
  },
  {
    name: 'a code in a signed answer',
    exits: ['callback-code'],
    run: async ({ own: { party }, browser, username }) => {
      const answer = await party.authorize(browser, username, { response_mode: 'form_post.jwt' });
      must(await party.redeem(must(answer, 'code')), 'id_token');
    },
  },
  {
    name: 'hints at its own user, and at the other vendor’s',
    exits: ['hint-answer', 'hint-subject', 'hint-forwarding'],
    run: async ({ own: { party, held }, theirs, browser, username }) => {
      const silent = { prompt: 'none' };
      const ask = (hint: Members): Promise<Members> =>
        party.authorize(browser, username, { ...silent, ...hint });
      for (const hint of [{ login_hint: held.sub }, { id_token_hint: held.idToken }]) {
        must(await ask(hint), 'code');
      }
      await ask({ login_hint: theirs.held.sub });
      const claims = JSON.stringify({ id_token: { sub: { value: theirs.held.sub } } });
      for (const hint of [{ id_token_hint: theirs.held.idToken }, { claims }]) {
        must(await ask(hint), 'error');
      }
    },
  },
  {
    name: 'a pushed request, and the other vendor’s',
    exits: ['pushed-request', 'pushed-request-members'],
    run: async ({ own: { party, screen }, theirs, browser, username }) => {
      const push = async (): Promise<Members> => {
        const pushed = await party.post('/oidc/par', party.request({}));
        return { client_id: party.place.clientId, request_uri: must(pushed, 'request_uri') };
      };
      must(await party.answerTo(browser, username, await push()), 'code');
      const stolen = { client_id: party.place.clientId, request_uri: theirs.held.requestUri };
      const page = await browser.open(party.authorizeAddress(stolen));
      screen.add('the other vendor’s request', page.body);
    },
  },
  {
    name: 'bound tokens',
    exits: ['dpop-nonce'],
    run: useBoundTokens,
  },
  {
    name: 'JWTs for its resources and its own software',
    exits: [
      ...(['access-token-jwt-subject', 'access-token-jwt-claims'] as const),
      ...(['access-token-jwt-seal', 'client-token-subject', 'client-token-userinfo'] as const),
      ...(['id-token-encryption', 'userinfo-jwt'] as const),
    ],
    run: async ({ own, browser, username }) => {
      const { jwtParty } = own;
      const code = must(await jwtParty.authorize(browser, username), 'code');
      const tokens = await jwtParty.redeem(code);
      must(tokens, 'id_token');
      const refreshed = await jwtParty.refresh(must(tokens, 'refresh_token'));
      for (const answer of [tokens, refreshed]) {
        const idToken = answer.members['id_token'];
        if (typeof idToken === 'string') await noteDecrypted(own, idToken);
        await succeed(jwtParty.userinfo(must(answer, 'access_token')));
      }
      const clientOwn = { grant_type: 'client_credentials', scope: 'reports' };
      const token = must(await jwtParty.token(clientOwn), 'access_token');
      const refused = await jwtParty.userinfo(token);
      if (refused.status !== 401) throw new Error(`userinfo of nobody: ${refused.text}`);
    },
  },
];

/** Logs the user in, refreshes and asks userinfo; the vendor keeps what it got. */
async function logIn({ own: { party, held }, browser, username }: Scene): Promise<void> {
  const answer = await party.authorize(browser, username, { max_age: '3600' });
  const tokens = await party.redeem(must(answer, 'code'));
  held.idToken = must(tokens, 'id_token');
  held.authTime = decodeJwt(held.idToken)['auth_time'] as number | undefined;
  held.accessToken = must(tokens, 'access_token');
  held.sub = must(await succeed(party.userinfo(held.accessToken)), 'sub');
  const refreshed = await party.refresh(must(tokens, 'refresh_token'));
  await succeed(party.userinfo(must(refreshed, 'access_token')));
  held.requestUri = must(await party.post('/oidc/par', party.request({})), 'request_uri');
}

async function useBoundTokens({ own: { party }, username, now }: Scene): Promise<void> {
  const key = await DpopKey.generate();
  const { issuer } = party.place;
  let nonce: string | undefined;
  const proofFor = async (method: string, path: string, token?: string): Promise<Members> => {
    const iat = Math.floor(now().getTime() / 1000);
    const claims = { iat, ...(nonce === undefined ? {} : { nonce }) };
    return { dpop: await key.proof(method, issuer + path, { claims }, token) };
  };
  /** A first answer may only tell the nonce. */
  const twice = async (ask: () => Promise<Told>): Promise<Told> => {
    const first = await ask();
    nonce = first.headers.get('dpop-nonce') ?? nonce;
    return first.status === 200 ? first : ask();
  };
  const redeem = async (form: Members): Promise<Told> =>
    twice(async () => party.token(form, await proofFor('POST', '/oidc/token')));
  const browser = new Browser();
  const code = must(await party.authorize(browser, username), 'code');
  await browser.close();
  const tokens = await redeem(party.codeForm(code));
  const refreshToken = must(tokens, 'refresh_token');
  const refreshed = await redeem({ grant_type: 'refresh_token', refresh_token: refreshToken });
  const token = must(refreshed, 'access_token');
  const authorization = `DPoP ${token}`;
  await succeed(
    twice(async () =>
      party.get('/oidc/userinfo', {
        ...(await proofFor('GET', '/oidc/userinfo', token)),
        authorization,
      }),
    ),
  );
}

async function noteDecrypted({ record, decryptionKey }: Side, token: string): Promise<void> {
  const { plaintext } = await compactDecrypt(token, decryptionKey);
  record.add('ID token, decrypted', new TextDecoder().decode(plaintext));
}

/** An answer of userinfo that has to be one; its claims are its members. */
export async function succeed(asked: Promise<Told>): Promise<Told> {
  const answer = await asked;
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return { ...answer, members: claimsIn(answer) };
}
