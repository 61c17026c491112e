import { Command } from 'commander';
import { addClient, editClient } from '../../operations/edit-client.ts';
import { renewRegistrationToken } from '../../operations/registered-clients.ts';
import { removeClient } from '../../operations/remove-client.ts';
import type { Plan } from '../../vendors/apply.ts';
import { readClient, readClients, SectorChangeError } from '../../vendors/client-store.ts';
import { usersOfSector } from '../../vendors/vendor-store.ts';
import { membersOf, withClientOptions, type ClientOptions } from '../client-options.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import { givenEntry } from '../entry.ts';
import type { CommandHost } from '../host.ts';
import { mappingCommand } from './client-export.ts';
import { eventsCommand } from './client-events.ts';
import { mappingTokenCommand } from './client-mapping.ts';
import { transferCommand } from './client-transfer.ts';
import { inRegistry } from '../registry-context.ts';
import { clientSummary, clientView, editText, editView } from '../../operations/registry-view.ts';

interface CreateOptions extends ClientOptions {
  readonly vendor: string;
  readonly phase?: string;
  readonly file?: string;
}

interface UpdateOptions extends ClientOptions {
  readonly file?: string;
  readonly yes?: boolean;
}

const COLUMNS = ['client_id', 'vendor', 'phase', 'percent', 'sector', 'authentication'];

/** `client list|show|create|update|token|delete|transfer|…`. */
export function clientCommand(host: CommandHost): Command {
  const client = new Command('client').description('the OAuth clients of the vendors');
  client
    .command('list')
    .description('list all clients')
    .option('--vendor <vendor>', 'of this vendor alone')
    .option('--json', 'print one JSON object')
    .action((options: { vendor?: string }) => list(host, options.vendor));
  client
    .command('show')
    .description('show one client; never its secrets')
    .argument('<client>', 'its client_id')
    .option('--json', 'print one JSON object')
    .action((id: string) => show(host, id));
  withClientOptions(
    client
      .command('create')
      .description('add a client to a vendor, by the rules of `apply`')
      .argument('[client]', 'its client_id, unless the entry names it')
      .requiredOption('--vendor <vendor>', 'the vendor that owns it'),
  )
    .option('--phase <phase>', 'the phase it begins in: public, shadow or pairwise')
    .option('--json', 'print one JSON object')
    .action((id: string | undefined, options: CreateOptions) => create(host, id, options));
  withClientOptions(
    client
      .command('update')
      .description('change some members of a client; in a file, null takes one away')
      .argument('<client>', 'its client_id'),
  )
    .option('--yes', 'do not ask before a change of sector')
    .option('--json', 'print one JSON object')
    .action((id: string, options: UpdateOptions) => update(host, id, options));
  client
    .command('token')
    .description('give the vendor of a client that it registered another token to manage it with')
    .argument('<client>', 'its client_id')
    .option('--json', 'print one JSON object')
    .action((id: string) => renewToken(host, id));
  client
    .command('delete')
    .description('remove a client with its phases; its tokens are dead')
    .argument('<client>', 'its client_id')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((id: string, options: { yes?: boolean }) => remove(host, id, options.yes));
  client.addCommand(transferCommand(host));
  client.addCommand(eventsCommand(host));
  client.addCommand(mappingCommand(host));
  client.addCommand(mappingTokenCommand(host));
  return client;
}

function list(host: CommandHost, vendorId: string | undefined): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest }) => {
    const clients = await readClients(db, atRest);
    const items = clients
      .filter(({ client }) => vendorId === undefined || client.vendorId === vendorId)
      .map(clientSummary);
    host.output().list(items, COLUMNS);
  });
}

function show(host: CommandHost, id: string): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest }) => {
    host.output().record(clientView(await readClient(db, atRest, id)));
  });
}

async function create(
  host: CommandHost,
  id: string | undefined,
  options: CreateOptions,
): Promise<void> {
  const members = {
    ...(id !== undefined && { client_id: id }),
    ...membersOf(options),
    ...(options.phase !== undefined && { phase: options.phase }),
  };
  const entry = await givenEntry(host.context, options.file, members);
  await inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    const plan = await inRegistry(workspace, (registry) =>
      addClient(registry, options.vendor, entry, { actor }),
    );
    host.output().result(editView(plan), editText(plan));
  });
}

async function update(host: CommandHost, id: string, options: UpdateOptions): Promise<void> {
  const entry = await givenEntry(host.context, options.file, membersOf(options));
  await inWorkspace(host.context, (workspace) =>
    inRegistry(workspace, async (registry) => {
      const { actor } = workspace;
      const change = (sectorChange: 'allowed' | 'refused'): Promise<Plan> =>
        editClient(registry, { clientId: id, entry, sectorChange }, { actor });
      let plan: Plan;
      try {
        plan = await change('refused');
      } catch (error) {
        if (!(error instanceof SectorChangeError)) throw error;
        await confirm(host.context, options.yes, `${error.message} Change it?`);
        plan = await change('allowed');
      }
      host.output().result(editView(plan), editText(plan));
    }),
  );
}

function renewToken(host: CommandHost, id: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    const token = await renewRegistrationToken(workspace, id, { actor });
    host.output().record({ client_id: id, registration_access_token: token });
  });
}

function remove(host: CommandHost, id: string, yes: boolean | undefined): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { db, atRest, actor } = workspace;
    const { client, revision } = await readClient(db, atRest, id);
    const users = await usersOfSector(db, client.sector);
    const question =
      `Delete the client "${id}" with its recorded phases? ` +
      `Users with a pseudonym in its sector "${client.sector}", which stays the vendor’s: ${users}.`;
    await confirm(host.context, yes, question);
    await removeClient(workspace, { clientId: id, revision }, { actor });
    host.output().result({ action: 'delete', kind: 'client', id }, `deleted client ${id}`);
  });
}
