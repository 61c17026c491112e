import { Command } from 'commander';
import { removeVendor } from '../../operations/remove-vendor.ts';
import { createVendor } from '../../vendors/edit.ts';
import { readClients } from '../../vendors/client-store.ts';
import { UnknownError } from '../../vendors/problem.ts';
import { readVendors } from '../../vendors/vendor-store.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import { givenEntry } from '../entry.ts';
import type { CommandHost } from '../host.ts';
import { editText, editView, vendorView } from '../../operations/registry-view.ts';
import { vendorTokenCommand } from './vendor-token.ts';
import { vendorUpstreamCommand } from './vendor-upstream.ts';

interface VendorOptions {
  readonly file?: string;
  readonly name?: string;
  readonly contact?: readonly string[];
  readonly policyUri?: string;
  readonly oneSector?: boolean;
  readonly notice?: boolean;
  readonly disconnect?: string;
}

/** `vendor list|show|create|delete|token|upstream`. */
export function vendorCommand(host: CommandHost): Command {
  const vendor = new Command('vendor').description('the organisations that own clients');
  vendor
    .command('list')
    .description('list all vendors')
    .option('--json', 'print one JSON object')
    .action(() => list(host));
  vendor
    .command('show')
    .description('show one vendor')
    .argument('<vendor>', 'its id')
    .option('--json', 'print one JSON object')
    .action((id: string) => show(host, id));
  vendor
    .command('create')
    .description('add a vendor; `apply` adds one with its clients')
    .argument('[vendor]', 'its id, unless the entry names it')
    .option('--file <file>', 'one entry in YAML or JSON, as in apply; - for standard input')
    .option('--name <name>', 'name')
    .option('--contact <contact...>', 'contacts')
    .option('--policy-uri <uri>', 'policy_uri')
    .option('--one-sector', 'one sector for all its clients')
    .option('--notice', 'a notice page before the first login of each user')
    .option('--disconnect <policy>', 'new_subject, same_subject or forbidden')
    .option('--json', 'print one JSON object')
    .action((id: string | undefined, options: VendorOptions) => create(host, id, options));
  vendor
    .command('delete')
    .description('remove a vendor that has no clients')
    .argument('<vendor>', 'its id')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((id: string, options: { yes?: boolean }) => remove(host, id, options.yes));
  vendor.addCommand(vendorTokenCommand(host));
  vendor.addCommand(vendorUpstreamCommand(host));
  return vendor;
}

function list(host: CommandHost): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest }) => {
    const clients = await readClients(db, atRest);
    const items = (await readVendors(db)).map((vendor) => ({
      ...vendorView(vendor),
      clients: clients.filter(({ client }) => client.vendorId === vendor.id).length,
    }));
    host.output().list(items, ['id', 'name', 'contacts', 'one_sector', 'clients']);
  });
}

function show(host: CommandHost, id: string): Promise<void> {
  return inWorkspace(host.context, async ({ db, atRest }) => {
    const [vendor] = await readVendors(db, [id]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${id}".`);
    const clients = (await readClients(db, atRest))
      .filter(({ client }) => client.vendorId === id)
      .map(({ client }) => client.clientId);
    host.output().record({ ...vendorView(vendor), clients });
  });
}

async function create(
  host: CommandHost,
  id: string | undefined,
  options: VendorOptions,
): Promise<void> {
  const members = Object.entries({
    id,
    name: options.name,
    contacts: options.contact,
    policy_uri: options.policyUri,
    one_sector: options.oneSector,
    notice: options.notice,
    disconnect: options.disconnect,
  }).filter(([, value]) => value !== undefined);
  const entry = await givenEntry(host.context, options.file, Object.fromEntries(members));
  await inWorkspace(host.context, async ({ db, atRest, actor, clock }) => {
    const how = { actor, at: clock(), sectorChange: 'refused' } as const;
    const plan = await createVendor({ db, atRest }, entry, how);
    host.output().result(editView(plan), editText(plan));
  });
}

function remove(host: CommandHost, id: string, yes: boolean | undefined): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { db, actor } = workspace;
    const [vendor] = await readVendors(db, [id]);
    if (vendor === undefined) throw new UnknownError(`There is no vendor "${id}".`);
    await confirm(host.context, yes, `Delete the vendor "${id}"?`);
    await removeVendor(workspace, { vendorId: id }, { actor });
    host.output().result({ action: 'delete', kind: 'vendor', id }, `deleted vendor ${id}`);
  });
}
