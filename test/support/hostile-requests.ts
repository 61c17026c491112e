import { logInToAccount } from './account.ts';
import { Browser } from './browser.ts';
import { ask, vendorByHand } from './by-hand.ts';
import type { VendorByHand } from './by-hand.ts';
import { DpopKey } from './dpop.ts';
import type { Template } from './fuzz.ts';
import { mappingToken } from './mapping.ts';
import type { World } from './world.ts';

const FORM = 'content-type: application/x-www-form-urlencoded';
const JSON_BODY = 'content-type: application/json';

/**
 * A request for every address of ours and some for the relay, each as a parser
 * would take it. What they present was good once: the code is redeemed, the grant
 * of the tokens revoked.
 */
export async function hostileRequests(world: World): Promise<readonly Template[]> {
  const { issuer } = world.proxy;
  const acme = vendorByHand(world, 'acme');
  const bolt = vendorByHand(world, 'bolt');
  const browser = new Browser();
  const spent = await spentTokens(acme, issuer, browser);
  await logInToAccount(world, browser);
  const cookie = `cookie: ${await browser.jar.getCookieString(issuer)}`;
  const begun = await browser.open(acme.request().url);
  const relayed = begun.location ?? new URL(issuer);
  const proof = await (await DpopKey.generate()).proof('POST', `${issuer}/oidc/token`);
  const mapping = await mappingToken(world.proxy, acme.clientId);
  const host = `host: ${new URL(issuer).host}`;
  const get = (target: string, ...headers: string[]): Template => {
    return { method: 'GET', target, headers: [host, ...headers], body: '' };
  };
  const post = (target: string, body: string, ...headers: string[]): Template => {
    return { method: 'POST', target, headers: [host, ...headers], body };
  };
  const basic = (vendor: VendorByHand): string => `authorization: ${vendor.basic}`;
  const form = (members: Record<string, string>): string => new URLSearchParams(members).toString();
  const authorization = acme.request().url.search.slice(1);
  const { accessToken, refreshToken, idToken, code } = spent;
  const redeemed = {
    ...{ grant_type: 'authorization_code', code, redirect_uri: acme.redirectUri },
    code_verifier: 'v'.repeat(43),
  };
  const refreshed = form({ grant_type: 'refresh_token', refresh_token: refreshToken });
  const assertion = form({
    ...{ grant_type: 'refresh_token', refresh_token: refreshToken, client_assertion: idToken },
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  const multipart =
    '--x\r\ncontent-disposition: form-data; name="username"\r\n\r\nalice\r\n--x--\r\n';
  return [
    post('/oidc/token', form(redeemed), FORM, basic(acme)),
    post('/oidc/token', refreshed, FORM, basic(acme)),
    post('/oidc/token', refreshed, FORM, basic(acme), `dpop: ${proof}`),
    post('/oidc/token', assertion, FORM),
    post('/oidc/token', form({ ...redeemed, client_id: acme.clientId, client_secret: 'x' }), FORM),
    get('/oidc/userinfo', `authorization: Bearer ${accessToken}`),
    post('/oidc/userinfo', form({ access_token: accessToken }), FORM),
    get('/oidc/userinfo', `authorization: DPoP ${accessToken}`, `dpop: ${proof}`),
    get(`/oidc/authorize?${authorization}`, cookie),
    get(`/oidc/authorize?${authorization}&request=${idToken}&id_token_hint=${idToken}`, cookie),
    get(
      `/oidc/authorize?${authorization}&claims=${encodeURIComponent('{"id_token":{"sub":{"value":"x"}}}')}`,
    ),
    post('/oidc/authorize', authorization, FORM, cookie),
    post('/oidc/par', authorization, FORM, basic(acme)),
    post('/oidc/introspect', form({ token: accessToken }), FORM, basic(bolt)),
    post('/oidc/revoke', form({ token: refreshToken }), FORM, basic(bolt)),
    post('/oidc/register', JSON.stringify({ redirect_uris: ['https://a.example/'] }), JSON_BODY),
    get('/oidc/register/acme-web', 'authorization: Bearer x'),
    post(
      '/oidc/mapping',
      '{"subjects":["alice","bob"]}',
      JSON_BODY,
      `authorization: Bearer ${mapping}`,
    ),
    post('/oidc/events', '{"ack":["a"],"maxEvents":5}', JSON_BODY, basic(acme)),
    post('/oidc/ciba', form({ login_hint: 'alice', scope: 'openid' }), FORM, basic(acme)),
    post('/oidc/device', form({ scope: 'openid' }), FORM, basic(acme)),
    get('/oidc/device?user_code=ABCD-EFGH', cookie),
    get(`/oidc/callback?code=${code}&state=${relayed.searchParams.get('state') ?? ''}`, cookie),
    get(`/oidc/notice?notice=${code}`, cookie),
    post('/oidc/notice', form({ notice: code, answer: 'continue' }), FORM, cookie),
    get(`/oidc/logout?id_token_hint=${idToken}&state=s`, cookie),
    post('/oidc/logout', form({ id_token_hint: idToken, client_id: acme.clientId }), FORM, cookie),
    post('/oidc/backchannel-logout', form({ logout_token: idToken }), FORM),
    get(`/oidc/frontchannel-logout?iss=${encodeURIComponent(world.upstream.issuer)}&sid=s`, cookie),
    get('/oidc/api/orders/v1/x?y=z', `authorization: Bearer ${accessToken}`),
    get('/account', cookie),
    get('/account/login', cookie),
    get(`/account/callback?code=${code}&state=s`, cookie),
    post('/account/disconnect', form({ vendor: 'acme', token: 'x' }), FORM, cookie),
    get('/.well-known/openid-configuration', 'if-none-match: "x"', 'range: bytes=0-5'),
    get('/.well-known/webfinger?resource=acct:alice@localhost&rel=x'),
    {
      ...get('/oidc/token', 'origin: https://a.example', 'access-control-request-method: POST'),
      method: 'OPTIONS',
    },
    get(relayed.pathname + relayed.search, cookie),
    get('/interaction/abc?x=y', cookie, 'accept: text/html', 'range: bytes=0-5'),
    post('/interaction/abc/login', form({ username: 'alice', password: 'x' }), FORM, cookie),
    post('/interaction/abc/login', '{"username":"alice"}', JSON_BODY, cookie),
    post('/upload', multipart, 'content-type: multipart/form-data; boundary=x', cookie),
    get('/session/end?client_id=x&state=y', cookie),
  ];
}

/** What was good once. */
async function spentTokens(acme: VendorByHand, issuer: string, browser: Browser) {
  const { code } = await acme.begin(browser);
  const tokens = await acme.logIn(browser);
  await ask(`${issuer}/oidc/revoke`, {
    headers: {
      authorization: acme.basic,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ token: tokens.refreshToken }).toString(),
  });
  return { ...tokens, code };
}
