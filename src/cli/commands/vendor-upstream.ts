import { Command } from 'commander';
import {
  listPreparedClients,
  prepareClient,
  withdrawPreparedClient,
} from '../../operations/prepared-clients.ts';
import { RegistrationError } from '../../vendors/problem.ts';
import { readSecret } from '../../vendors/secrets.ts';
import { inWorkspace } from '../context.ts';
import { secretSources } from '../entry.ts';
import type { CommandHost } from '../host.ts';

interface AddOptions {
  readonly clientSecretEnv?: string;
  readonly clientSecretFile?: string;
}

/** `vendor upstream add|list|remove`: clients of the upstream, ready for registrations. */
export function vendorUpstreamCommand(host: CommandHost): Command {
  const upstream = new Command('upstream').description(
    'clients of the upstream that wait for registrations of a vendor',
  );
  upstream
    .command('add')
    .description('keep a client ready; it needs the redirect URI ISSUER/oidc/callback there')
    .argument('<vendor>', 'its id')
    .argument('<client>', 'its client_id at the upstream')
    .option('--client-secret-env <name>', 'the variable that holds its secret')
    .option('--client-secret-file <file>', 'the file that holds its secret')
    .option('--json', 'print one JSON object')
    .action((vendorId: string, id: string, options: AddOptions) =>
      add(host, vendorId, id, options),
    );
  upstream
    .command('list')
    .description('list the clients that wait')
    .argument('<vendor>', 'its id')
    .option('--json', 'print one JSON object')
    .action((vendorId: string) => list(host, vendorId));
  upstream
    .command('remove')
    .description('keep a client ready no longer; at the upstream it stays')
    .argument('<vendor>', 'its id')
    .argument('<client>', 'its client_id at the upstream')
    .option('--json', 'print one JSON object')
    .action((vendorId: string, id: string) => remove(host, vendorId, id));
  return upstream;
}

function add(
  host: CommandHost,
  vendorId: string,
  upstreamClientId: string,
  { clientSecretEnv, clientSecretFile }: AddOptions,
): Promise<void> {
  const { secret, problems } = readSecret(
    { client_secret_env: clientSecretEnv, client_secret_file: clientSecretFile },
    secretSources(host.context),
    [],
  );
  if (problems.length > 0) throw new RegistrationError(problems);
  if (secret === undefined) {
    const right = 'pass --client-secret-env or --client-secret-file';
    throw new RegistrationError([{ path: ['client_secret'], wrong: 'is missing', right }]);
  }
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    const prepared = { vendorId, upstreamClientId, clientSecret: secret };
    await prepareClient(workspace, prepared, { actor });
    const done = { action: 'add', kind: 'upstream_client', vendor: vendorId, id: upstreamClientId };
    host.output().result(done, `prepared ${upstreamClientId} for ${vendorId}`);
  });
}

function list(host: CommandHost, vendorId: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const prepared = await listPreparedClients(workspace, vendorId);
    const items = prepared.map((each) => ({
      ...{ upstream_client_id: each.upstreamClientId, vendor: each.vendorId },
      created_at: each.createdAt,
    }));
    host.output().list(items, ['upstream_client_id', 'vendor', 'created_at']);
  });
}

function remove(host: CommandHost, vendorId: string, upstreamClientId: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    await withdrawPreparedClient(workspace, { vendorId, upstreamClientId }, { actor });
    const done = { action: 'remove', kind: 'upstream_client', vendor: vendorId };
    host.output().result({ ...done, id: upstreamClientId }, `removed ${upstreamClientId}`);
  });
}
