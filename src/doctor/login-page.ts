import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import type { Client } from '../vendors/client.ts';
import { upstreamClientId } from '../vendors/rules.ts';
import type { Answer } from './fetching.ts';
import { failureText } from './fetching.ts';
import { ok, problem, warning, type Finding } from './finding.ts';
import { pageAddresses } from './page-addresses.ts';
import type { ScratchProxy } from './scratch-proxy.ts';
import { UpstreamTraces } from './upstream-traces.ts';
import { walkToLogin, type Walk, type WalkEnd } from './walk.ts';

/** What a login page said, and the paths under `ISSUER` that it takes. */
export interface LoginPage {
  readonly findings: readonly Finding[];
  readonly paths: readonly string[];
}

const MAX_ASSETS = 15;
const MAX_REDIRECT_URIS = 10;

/** Walks to the first page for every redirect URI of a client, and looks at the first one closely. */
export async function examineLogin(
  proxy: ScratchProxy,
  config: Config,
  client: Client,
  metadata: UpstreamMetadata,
): Promise<LoginPage> {
  const [first = '', ...others] = client.metadata.redirect_uris;
  try {
    const walk = await walkToLogin(proxy, config.issuer, client, first, metadata);
    const looked = await lookAt(walk, proxy, config, client);
    const findings = [...looked.findings];
    for (const redirectUri of others.slice(0, MAX_REDIRECT_URIS - 1)) {
      const { end } = await walkToLogin(proxy, config.issuer, client, redirectUri, metadata);
      if (end.kind === walk.end.kind || end.kind === 'page') continue;
      findings.push(...endFindings(end, config, client, redirectUri));
    }
    return { findings, paths: looked.paths };
  } catch (error) {
    const message = `The walk to its login page failed: ${failureText(error)}.`;
    const hint =
      'Check that the upstream answers its authorization endpoint, and run doctor again.';
    return { findings: [problem('login_page', message, hint, client.clientId)], paths: [] };
  }
}

async function lookAt(
  walk: Walk,
  proxy: ScratchProxy,
  config: Config,
  client: Client,
): Promise<LoginPage> {
  const { clientId } = client;
  const { end } = walk;
  const visited = walk.answers.map((answer) => answer.url);
  if (end.kind !== 'page') {
    const [redirectUri = ''] = client.metadata.redirect_uris;
    const findings = endFindings(end, config, client, redirectUri);
    return { findings, paths: pathsUnder(config.issuer, visited) };
  }
  const { page } = end;
  const { assets, forms } = await pageAddresses(page.body, page.url);
  const home = new URL(config.issuer).origin;
  const fetched: Answer[] = [];
  for (const asset of assets.filter((url) => url.origin === home).slice(0, MAX_ASSETS)) {
    fetched.push(await proxy.open(asset, walk.cookies));
  }
  const steps = walk.answers.length - 1;
  const message = `Its first page comes through the relay: status ${page.status}, redirects before it ${steps}, forms in it ${forms.length}.`;
  return {
    findings: [
      ok('login_page', message, clientId),
      ...traceFindings([...walk.answers, ...fetched], config, clientId),
      ...cookieFindings(walk.answers, clientId),
      ...assetFindings(fetched, clientId),
      ...foreignForms(forms, home, clientId),
    ],
    paths: pathsUnder(config.issuer, [...visited, ...forms, ...fetched.map(({ url }) => url)]),
  };
}

function endFindings(
  end: Exclude<WalkEnd, { kind: 'page' }> | WalkEnd,
  config: Config,
  client: Client,
  redirectUri: string,
): readonly Finding[] {
  const { clientId } = client;
  const registered = `Register ${redirectUri} for the client "${upstreamClientId(client)}" at the upstream, with the code flow.`;
  switch (end.kind) {
    case 'page':
      return [];
    case 'answered': {
      if (end.error === null) return [ok('login_page', 'It is answered without a page.', clientId)];
      const message = `The upstream answers its login request with the error ${end.error}.`;
      return [problem('login_page', message, registered, clientId)];
    }
    case 'left':
      return [federation(end.to.origin, config, clientId)];
    case 'refused':
      return [refused(end, registered, clientId)];
    case 'lost': {
      const message = `After ${end.steps} redirects there is still no page.`;
      const hint = 'Does the upstream redirect to itself under a name that leads to the proxy?';
      return [problem('login_page', message, hint, clientId)];
    }
  }
}

function federation(origin: string, config: Config, clientId: string): Finding {
  const message = `Its login goes on at ${origin}, which FEDERATION_ORIGINS allows.`;
  const { issuer, upstream } = config;
  const comesBack = new URL(issuer).origin === new URL(upstream.issuer).origin;
  if (comesBack) return ok('federation', `${message} It comes back to ISSUER.`, clientId);
  const hint = `Federated logins come back to ${new URL(upstream.issuer).host}: they work only where that name leads to this proxy.`;
  return warning('federation', message, hint, clientId);
}

function refused(
  { status, heldBack }: Extract<WalkEnd, { kind: 'refused' }>,
  registered: string,
  clientId: string,
): Finding {
  const [first] = heldBack;
  if (first === undefined) {
    const message = `The upstream answers its login request with an error page (status ${status}).`;
    return problem('login_page', message, registered, clientId);
  }
  const detail = first.detail === undefined ? '' : ` (${first.detail})`;
  const foreign = /a redirect to (https?:\/\/\S+)/.exec(first.detail ?? '')?.[1];
  if (foreign !== undefined) {
    const message = `Its login leaves the upstream for ${foreign}, which is held back.`;
    const hint = `Where ${foreign} is part of the login, set FEDERATION_ORIGINS=${foreign}.`;
    return problem('federation', message, hint, clientId);
  }
  const message = `The proxy refuses its login request: ${first.reason}${detail}.`;
  return problem(
    'login_page',
    message,
    'See SECURITY.md for what is held back, and why.',
    clientId,
  );
}

function traceFindings(
  answers: readonly Answer[],
  config: Config,
  clientId: string,
): readonly Finding[] {
  const traces = new UpstreamTraces(config);
  const survivors = answers.flatMap(({ url, headers, body }) => {
    const given = [body, headers.location, headers['content-security-policy'], headers['link']];
    return traces.in(given.flat().join('\n')).map((origin) => `${origin} in ${url.pathname}`);
  });
  if (survivors.length === 0) {
    return [ok('upstream_addresses', 'No absolute upstream address is left in it.', clientId)];
  }
  const message = `Absolute upstream addresses are left: ${[...new Set(survivors)].join(', ')}.`;
  const hint = 'A browser may leave the proxy there; try a login by hand.';
  return [warning('upstream_addresses', message, hint, clientId)];
}

function cookieFindings(answers: readonly Answer[], clientId: string): readonly Finding[] {
  const cookies = answers.flatMap((answer) => answer.headers['set-cookie'] ?? []);
  const wide = cookies.filter((cookie) => /;\s*domain\s*=/i.test(cookie));
  if (wide.length === 0) {
    return [ok('cookies', `Cookies: ${cookies.length}, none with a Domain.`, clientId)];
  }
  const names = wide.map((cookie) => cookie.split('=')[0]).join(', ');
  const hint = 'Other hosts of that domain can read them.';
  return [problem('cookies', `Cookies with a Domain: ${names}.`, hint, clientId)];
}

function assetFindings(fetched: readonly Answer[], clientId: string): readonly Finding[] {
  const failed = fetched.filter(({ status }) => status >= 400).map(({ url }) => url.pathname);
  if (failed.length === 0) return [];
  const message = `Parts of the page do not come through: ${failed.join(', ')}.`;
  return [warning('assets', message, 'The page may look or work otherwise than usual.', clientId)];
}

function foreignForms(forms: readonly URL[], home: string, clientId: string): readonly Finding[] {
  const foreign = [...new Set(forms.map(({ origin }) => origin).filter((each) => each !== home))];
  if (foreign.length === 0) return [];
  const message = `Its page sends forms to ${foreign.join(', ')}.`;
  return [warning('forms', message, 'What is typed there does not pass the proxy.', clientId)];
}

/** The relayed paths, as the upstream names them. */
function pathsUnder(issuer: string, urls: readonly URL[]): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const base = pathname.replace(/\/$/, '');
  return urls
    .filter((url) => url.origin === origin && `${url.pathname}/`.startsWith(`${base}/`))
    .map((url) => url.pathname.slice(base.length) || '/')
    .filter((path) => path !== '/oidc/authorize');
}
