import type { LoadPlan } from './load.ts';
import type { Case } from './measure.ts';
import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import { PAGE, UPSTREAM_CLIENT, upstreamToken } from './upstream-answers.ts';
import { LOCAL_SUBJECTS } from './users.ts';
import { CLIENT_SECRET, clientOf, newcomerRedirectUri } from './world.ts';

/** What servers are asked for. */
export const WORK = {
  tokenES256: 'token (ES256)',
  tokenRS256: 'token (RS256)',
  /** As far as it goes through unseen. */
  token: 'token',
  userinfo: 'userinfo',
  discovery: 'discovery',
  jwks: 'jwks',
  page: 'page',
  latency: 'token, one at a time',
  firstLogin: 'first login',
} as const;

/** Requests in flight. */
const CONNECTIONS = 32;
/** As long as it takes until most of what a token response runs through is compiled. */
const WARM_SECONDS = 15;
const METADATA = '/.well-known/openid-configuration';

type Plan = Omit<LoadPlan, 'seconds'>;

/** The upstream itself, and what passes its answers on unseen. */
export function passedThrough(target: string, server: ServerProcess): readonly Case[] {
  const everyone = (kind: 'access' | 'refresh'): string[] =>
    LOCAL_SUBJECTS.map((_each, user) => upstreamToken(kind, user));
  const token = refresh(server, '/token', UPSTREAM_CLIENT, everyone('refresh'));
  const bearer = userinfo(server, '/userinfo', everyone('access'));
  const { pid } = server;
  return [
    { target, work: WORK.token, pid, plan: () => token },
    { target, work: WORK.latency, pid, plan: () => ({ ...token, connections: 1 }) },
    { target, work: WORK.userinfo, pid, plan: () => bearer },
    { target, work: WORK.discovery, pid, plan: () => plain(server, METADATA) },
    { target, work: WORK.jwks, pid, plan: () => plain(server, '/jwks') },
    { target, work: WORK.page, pid, plan: () => plain(server, PAGE) },
  ];
}

/** The provider with pairwise subjects of its own. */
export function ownProviderCases({ ownProvider: server, ownTokens }: Scene): readonly Case[] {
  return (['ES256', 'RS256'] as const).map((alg) => {
    const client = { id: `own-${alg}`, secret: CLIENT_SECRET };
    const plan = refresh(server, '/token', client, ownTokens[alg]);
    return {
      target: 'oidc-provider',
      work: WORK[`token${alg}`],
      pid: server.pid,
      warmSeconds: WARM_SECONDS,
      plan: () => plan,
    };
  });
}

/** The proxy itself. */
export async function proxyCases(scene: Scene): Promise<readonly Case[]> {
  const { proxy, tokens } = scene;
  const es256 = await proxyRefresh(scene, proxy, 'ES256');
  const rs256 = await proxyRefresh(scene, proxy, 'RS256');
  const bearer = userinfo(
    proxy,
    '/oidc/userinfo',
    await tokens.of('access_token', clientOf('ES256')),
  );
  const at = { target: 'proxy', pid: proxy.pid };
  return [
    { ...at, work: WORK.tokenES256, warmSeconds: WARM_SECONDS, plan: () => es256 },
    { ...at, work: WORK.tokenRS256, plan: () => rs256 },
    { ...at, work: WORK.latency, plan: () => ({ ...es256, connections: 1 }) },
    { ...at, work: WORK.userinfo, plan: () => bearer },
    { ...at, work: WORK.discovery, plan: () => plain(proxy, METADATA) },
    { ...at, work: WORK.jwks, plan: () => plain(proxy, '/oidc/jwks') },
    { ...at, work: WORK.page, plan: () => plain(proxy, PAGE) },
  ];
}

/** Token responses of one process and of several, for what a worker costs. */
export async function workerCase(scene: Scene, server: ServerProcess): Promise<Case> {
  const plan = await proxyRefresh(scene, server, 'ES256');
  const warmSeconds = 2 * WARM_SECONDS;
  const { pid } = server;
  return { target: '2 workers', work: WORK.tokenES256, pid, warmSeconds, plan: () => plan };
}

/** Codes of users who have no pseudonym yet: each round at a client in another sector. */
export function firstLogins({ proxy, tokens }: Scene): Case {
  let next = 0;
  const plan = async (): Promise<Plan> => {
    const n = next++;
    const codes = await tokens.codesOf(n);
    const redirect = encodeURIComponent(newcomerRedirectUri(n));
    const values = codes.map(
      (code) => `grant_type=authorization_code&redirect_uri=${redirect}&code=${code}`,
    );
    return form(proxy, '/oidc/token', { id: `newcomer-${n}`, secret: CLIENT_SECRET }, values);
  };
  return { target: 'proxy', work: WORK.firstLogin, pid: proxy.pid, plan };
}

async function proxyRefresh(
  { tokens }: Scene,
  server: ServerProcess,
  algorithm: 'ES256' | 'RS256',
): Promise<Plan> {
  const clientId = clientOf(algorithm);
  const client = { id: clientId, secret: CLIENT_SECRET };
  return refresh(server, '/oidc/token', client, await tokens.of('refresh_token', clientId));
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

function refresh(
  server: ServerProcess,
  path: string,
  client: Credentials,
  tokens: readonly string[],
): Plan {
  const values = tokens.map((token) => `grant_type=refresh_token&refresh_token=${token}`);
  return form(server, path, client, values);
}

function form(
  server: ServerProcess,
  path: string,
  { id, secret }: Credentials,
  values: readonly string[],
): Plan {
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  return {
    ...{ url: urlOf(server, path), method: 'POST', varies: 'body', values },
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    connections: CONNECTIONS,
  };
}

function userinfo(server: ServerProcess, path: string, tokens: readonly string[]): Plan {
  return {
    ...{ url: urlOf(server, path), method: 'GET', headers: {}, varies: 'authorization' },
    values: tokens.map((token) => `Bearer ${token}`),
    connections: CONNECTIONS,
  };
}

function plain(server: ServerProcess, path: string): Plan {
  const url = urlOf(server, path);
  return { url, method: 'GET', headers: { accept: '*/*' }, connections: CONNECTIONS };
}

function urlOf({ port }: ServerProcess, path: string): string {
  return `http://127.0.0.1:${port}${path}`;
}
