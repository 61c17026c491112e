import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { reservePlace, startVendor } from '../test/support/vendors/vendor.ts';
import type { Place, Vendor } from '../test/support/vendors/vendor.ts';
import { legacyClient, startLegacyProvider } from './legacy-idp/start.ts';
import { runCommand, startServing } from './proxy-process.ts';

/** A vendor of the demo, and what the operator lets it see. */
interface Part {
  readonly id: string;
  readonly name: string;
  readonly releaseClaims: readonly string[];
}

const ACME: Part = { id: 'acme', name: 'Acme Learning', releaseClaims: ['name', 'locale'] };
const BOLT: Part = { id: 'bolt', name: 'Bolt Analytics', releaseClaims: [] };

/** A client of the legacy provider that goes there directly, to show what it says. */
interface DirectClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

/** Everything that runs in the demo. */
export interface Scene {
  readonly legacyIssuer: string;
  readonly issuer: string;
  readonly direct: DirectClient;
  readonly vendors: readonly [Vendor & { name: string }, Vendor & { name: string }];
  /** Ends when the proxy's process does, with its last lines of output. */
  readonly proxyEnded: Promise<string>;
}

/**
 * Starts all parts; what must be undone is handed to `onClose` as soon as it exists.
 * Throws when it is interrupted, with nothing still starting.
 */
export async function setScene(
  interruption: AbortSignal,
  onClose: (undo: () => Promise<unknown>) => void,
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'pairwise-proxy-demo-'));
  onClose(() => rm(folder, { recursive: true, force: true }));

  const [acmePlace, boltPlace, directPlace, publicPlace, adminPlace] = await freePlaces(5);
  const secrets = new Map([ACME, BOLT].map(({ id }) => [id, { ours: secret(), theirs: secret() }]));
  const direct = {
    clientId: 'direct',
    clientSecret: secret(),
    redirectUri: directPlace.redirectUri,
  };
  const places = new Map([
    [ACME.id, acmePlace],
    [BOLT.id, boltPlace],
  ]);

  const legacy = await startLegacyProvider([
    legacyClient(direct.clientId, direct.clientSecret, direct.redirectUri),
    ...[ACME, BOLT].map(({ id }) =>
      legacyClient(`legacy-${id}`, secrets.get(id)!.theirs, places.get(id)!.redirectUri),
    ),
  ]);
  onClose(legacy.close);

  const issuer = `http://localhost:${publicPlace.port}`;
  const adminUrl = `http://127.0.0.1:${adminPlace.port}`;
  const environment = {
    ISSUER: issuer,
    UPSTREAM_ISSUER: legacy.issuer,
    DATABASE_URL: `sqlite:${join(folder, 'pairwise.sqlite')}`,
    PUBLIC_LISTEN: `127.0.0.1:${publicPlace.port}`,
    ADMIN_LISTEN: `127.0.0.1:${adminPlace.port}`,
    LOG_LEVEL: 'info',
  };
  const file = join(folder, 'vendors.yaml');
  const entries = [ACME, BOLT].map((part) =>
    vendorEntry(part, secrets.get(part.id)!, places.get(part.id)!),
  );
  await writeFile(file, stringify({ vendors: entries }), { mode: 0o600 });
  await runCommand(['migrate', 'up'], environment, interruption);
  await runCommand(['apply', '-f', file], environment, interruption);
  interruption.throwIfAborted();
  const proxy = startServing(environment);
  onClose(proxy.stop);
  await proxy.ready(adminUrl, interruption);

  const open = async (part: Part): Promise<Vendor & { name: string }> => {
    const { ours } = secrets.get(part.id)!;
    const { port } = places.get(part.id)!;
    const client = { issuer, clientId: `${part.id}-web`, clientSecret: ours };
    const vendor = await startVendor({ ...client, port, name: part.name });
    onClose(vendor.close);
    return { ...vendor, name: part.name };
  };
  return {
    legacyIssuer: legacy.issuer,
    issuer,
    direct,
    vendors: [await open(ACME), await open(BOLT)],
    proxyEnded: proxy.ended,
  };
}

/** What an operator writes for `apply`: the vendor's own secret, and one at the legacy provider that the vendor never has. */
function vendorEntry(part: Part, secrets: { ours: string; theirs: string }, place: Place): object {
  return {
    id: part.id,
    name: part.name,
    clients: [
      {
        client_id: `${part.id}-web`,
        client_secret: secrets.ours,
        token_endpoint_auth_method: 'client_secret_post',
        upstream: { client_id: `legacy-${part.id}`, client_secret: secrets.theirs },
        redirect_uris: [place.redirectUri],
        release_claims: part.releaseClaims,
      },
    ],
  };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

type Places = Awaited<ReturnType<typeof reservePlace>>;

async function freePlaces(count: 5): Promise<[Places, Places, Places, Places, Places]>;
async function freePlaces(count: number): Promise<Places[]> {
  return Promise.all(Array.from({ length: count }, () => reservePlace({})));
}
