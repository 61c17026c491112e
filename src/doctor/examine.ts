import type { Config } from '../config/types.ts';
import type { UpstreamMetadata } from '../upstream/metadata.ts';
import { accountFinding } from './account.ts';
import { certificateFindings, type Secured } from './certificates.ts';
import { clientFindings } from './clients.ts';
import { collisionFindings } from './collisions.ts';
import { dashboardFinding } from './dashboard.ts';
import { directAnswerFinding } from './direct-answer.ts';
import { failureText } from './fetching.ts';
import { ok, problem, warning, worst, type Finding, type Report } from './finding.ts';
import { internalApiFindings } from './internal-apis.ts';
import { issuerFinding } from './issuer.ts';
import { examineLogin } from './login-page.ts';
import { migrationFindings } from './migration.ts';
import { relayPathsFinding } from './relay-paths.ts';
import { startScratchProxy } from './scratch-proxy.ts';
import { secretFindings } from './secrets.ts';
import { examineStorage, type Storage } from './storage.ts';
import { stateLimitFinding } from './state-limit.ts';
import { summaryFindings } from './summary.ts';
import { examineUpstream } from './upstream.ts';

/** Milliseconds after which no further client is walked. */
const TIME_FOR_CLIENTS = 60_000;

/**
 * Looks at everything that a working proxy needs, and at what it cannot protect.
 * Changes nothing, at the upstream or in the database, and takes a bounded time.
 */
export async function examine(config: Config, clock: () => Date): Promise<Report> {
  const storage = await examineStorage(config, clock);
  const upstream = await examineUpstream(config, clock);
  const { metadata, grantTypes } = upstream;
  const findings: Finding[] = [
    ok('configuration', `${config.issuer} in front of ${config.upstream.issuer}.`),
    await issuerFinding(config),
    ...(await certificateFindings(securedBy(config), clock())),
    ...storage.findings,
    ...secretFindings(config, storage.clients),
    ...upstream.findings,
  ];
  if (storage.clients.length === 0) {
    const hint = 'Register one with `apply` or `client create`; then doctor walks its login.';
    findings.push(warning('clients', 'No client was found, so no login was walked.', hint));
  }
  for (const stored of storage.clients) {
    findings.push(...clientFindings(stored, storage.clients, metadata, config.frontChannel));
  }
  const clients = storage.clients.map(({ client }) => client);
  findings.push(...internalApiFindings(config.internalApis, clients, metadata));
  findings.push(...migrationFindings(clients, clock()));
  if (metadata !== undefined) {
    findings.push(await accountFinding(config, metadata));
    findings.push(await dashboardFinding(config, metadata));
    findings.push(...(await walkAll(config, clock, storage, metadata, grantTypes)));
  }
  return { level: worst(findings), findings, databaseFailed: storage.failed };
}

function securedBy({ issuer, upstream }: Config): readonly Secured[] {
  return [
    { who: 'ISSUER', url: new URL(issuer) },
    { who: 'the upstream', url: new URL(upstream.url) },
  ];
}

async function walkAll(
  config: Config,
  clock: () => Date,
  storage: Storage,
  metadata: UpstreamMetadata,
  grantTypes: readonly string[] | undefined,
): Promise<readonly Finding[]> {
  let proxy: Awaited<ReturnType<typeof startScratchProxy>>;
  try {
    proxy = await startScratchProxy(config, clock, storage);
  } catch (error) {
    const message = `The proxy does not start with this configuration: ${failureText(error)}.`;
    return [problem('proxy', message, 'Run `serve` to see why.')];
  }
  const findings: Finding[] = [];
  const paths: string[] = [];
  const late = performance.now() + TIME_FOR_CLIENTS;
  try {
    for (const { client } of storage.clients) {
      // An API, or a client without the code flow, has no login page to walk to.
      if (client.metadata.redirect_uris.length === 0) continue;
      if (performance.now() > late) {
        const hint = 'The upstream is slow, or there are many clients; nothing is wrong by itself.';
        findings.push(warning('login_page', 'Not walked for time.', hint, client.clientId));
        continue;
      }
      const login = await examineLogin(proxy, config, client, metadata);
      findings.push(...login.findings, await directAnswerFinding(config, metadata, client));
      paths.push(...login.paths);
    }
    const first = storage.clients.find(({ client }) => client.metadata.redirect_uris.length > 0);
    const limit = first && (await stateLimitFinding(config, metadata, first.client));
    findings.push(...(limit === undefined ? [] : [limit]));
    const relayPaths = relayPathsFinding(paths, config.relayPaths);
    findings.push(...(relayPaths === undefined ? [] : [relayPaths]));
    findings.push(...collisionFindings(metadata, paths));
    findings.push(...(await summaryFindings(proxy, config, metadata, grantTypes)));
    return findings;
  } finally {
    await proxy.close();
  }
}
