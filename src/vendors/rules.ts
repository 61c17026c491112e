import type { Phase } from './client.ts';
import type { Path, Problem } from './problem.ts';
import type { ClientRegistration, ClientSettings } from './registration.ts';
import { isResourceServerOnly } from './resource-server.ts';

/** What stands already, for the rules that hold between clients. */
export interface Standing {
  readonly clients: readonly (ClientSettings & { readonly phase: Phase })[];
  /** The vendor that owns each sector. */
  readonly sectorOwners: ReadonlyMap<string, string>;
}

/**
 * Whether a client can act at the upstream with what its vendor holds, and so
 * go round the proxy: forwarded, without an upstream credential, or with an
 * upstream credential that is the vendor's own.
 */
export function canBypass(
  client: Pick<ClientSettings, 'clientId' | 'clientSecret' | 'upstream' | 'metadata'>,
): boolean {
  const { upstream } = client;
  if (isResourceServerOnly(client)) return false;
  if (upstream?.authenticationMethod === 'private_key_jwt') return false;
  if (upstream?.clientSecret === undefined) return true;
  return upstream.clientSecret === client.clientSecret;
}

/** Why a client may not be in a phase, or undefined where it may. */
export function phaseProblem(
  client: Pick<
    ClientSettings,
    'clientId' | 'clientSecret' | 'upstream' | 'metadata' | 'subjectType' | 'acceptBypass'
  >,
  phase: Phase,
): { readonly member: string; readonly wrong: string; readonly right: string } | undefined {
  if (client.subjectType === 'public' && phase !== 'public') {
    return {
      member: 'subject_type',
      wrong: `public excludes the phase ${phase}`,
      right: 'use subject_type: pairwise, or the phase public',
    };
  }
  if (phase === 'pairwise' && canBypass(client) && !client.acceptBypass) {
    return { member: 'accept_bypass', ...bypassProblem(client) };
  }
  return undefined;
}

function bypassProblem(client: Pick<ClientSettings, 'upstream' | 'clientSecret'>) {
  const held =
    client.upstream === undefined
      ? 'without "upstream", the vendor holds the upstream credential'
      : client.upstream.clientSecret === undefined
        ? '"upstream" has no client_secret'
        : 'the upstream client_secret is the one that the vendor holds';
  return {
    wrong: `${held}, so this client can go round the proxy and read the original subject`,
    right:
      'give "upstream" a credential that the vendor does not have, or set accept_bypass: true, or phase: shadow',
  };
}

/**
 * Every rule that holds between the clients of a document, and between them and
 * those that stand already.
 */
export function problemsBetween(
  incoming: readonly ClientRegistration[],
  standing: Standing,
): readonly Problem[] {
  const named = new Set(incoming.map(({ settings }) => settings.clientId));
  const others = standing.clients.filter((client) => !named.has(client.clientId));
  const all = [...incoming.map(({ settings }) => settings), ...others];
  const problems = incoming.flatMap((registration, position) => [
    ...ownerProblems(registration, incoming.slice(0, position), standing),
    ...phaseProblems(registration, standing),
    ...sectorProblems(registration, incoming.slice(0, position), standing),
    ...sharingProblems(registration, all),
  ]);
  return problems;
}

function ownerProblems(
  { settings, path }: ClientRegistration,
  before: readonly ClientRegistration[],
  standing: Standing,
): readonly Problem[] {
  const { clientId, vendorId } = settings;
  if (before.some((earlier) => earlier.settings.clientId === clientId)) {
    return [at(path, 'client_id', `"${clientId}" is named twice`, 'name each client once')];
  }
  const owner = standing.clients.find((client) => client.clientId === clientId)?.vendorId;
  if (owner === undefined || owner === vendorId) return [];
  const right = 'client ids are unique across vendors: choose another';
  return [at(path, 'client_id', `"${clientId}" belongs to the vendor "${owner}"`, right)];
}

function phaseProblems(
  { settings, phase, path }: ClientRegistration,
  standing: Standing,
): readonly Problem[] {
  const current = standing.clients.find((client) => client.clientId === settings.clientId)?.phase;
  const found = [phase, current ?? phase]
    .map((judged) => phaseProblem(settings, judged))
    .find((problem) => problem !== undefined);
  return found === undefined ? [] : [at(path, found.member, found.wrong, found.right)];
}

function sectorProblems(
  { settings, path }: ClientRegistration,
  before: readonly ClientRegistration[],
  standing: Standing,
): readonly Problem[] {
  const { sector, vendorId } = settings;
  const owner =
    standing.sectorOwners.get(sector) ??
    before.find((earlier) => earlier.settings.sector === sector)?.settings.vendorId;
  if (owner === undefined || owner === vendorId) return [];
  const member = settings.metadata.sector_identifier_uri
    ? 'sector_identifier_uri'
    : 'redirect_uris';
  const wrong = `the sector "${sector}" belongs to the vendor "${owner}"`;
  const right = 'two vendors must not share a sector: use other hosts, or assign a sector';
  return [at(path, member, wrong, right)];
}

function sharingProblems(
  { settings, path }: ClientRegistration,
  all: readonly ClientSettings[],
): readonly Problem[] {
  const upstreamId = upstreamClientId(settings);
  if (isResourceServerOnly(settings)) return [];
  const other = all.find(
    (candidate) =>
      !isResourceServerOnly(candidate) &&
      upstreamClientId(candidate) === upstreamId &&
      candidate.sector !== settings.sector &&
      !(candidate.upstream?.shared === true && settings.upstream?.shared === true),
  );
  if (other === undefined) return [];
  const wrong = `the upstream client "${upstreamId}" serves "${other.clientId}" too, in the sector "${other.sector}"`;
  const right = 'use one upstream client for each sector, or upstream.shared: true at both';
  const member = settings.upstream === undefined ? 'client_id' : 'upstream';
  return [at(path, member, wrong, right)];
}

/** The client id that the upstream sees. */
export function upstreamClientId(client: Pick<ClientSettings, 'clientId' | 'upstream'>): string {
  return client.upstream?.clientId ?? client.clientId;
}

function at(path: Path, member: string, wrong: string, right: string): Problem {
  return { path: [...path, member], wrong, right };
}
