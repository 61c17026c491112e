import { Command } from 'commander';

import { planTransfer, transferClient, type Transfer } from '../../operations/transfer-client.ts';
import { transferView } from '../../operations/registry-view.ts';
import { confirm } from '../confirm.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

interface TransferOptions {
  readonly to: string;
  readonly newSector?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `client transfer`: a client becomes another vendor's. */
export function transferCommand(host: CommandHost): Command {
  return new Command('transfer')
    .description('make a client another vendor’s, with its sector; asks first')
    .argument('<client>', 'its client_id')
    .requiredOption('--to <vendor>', 'the vendor that it shall belong to')
    .option('--new-sector <name>', 'leave its sector for this one: its users get another sub')
    .option('--reason <text>', 'why; recorded')
    .option('--yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .action((clientId: string, options: TransferOptions) => transfer(host, clientId, options));
}

function transfer(host: CommandHost, clientId: string, options: TransferOptions): Promise<void> {
  const { to, newSector, reason, yes } = options;
  return inWorkspace(host.context, async (workspace) => {
    const plan = await planTransfer(workspace, { clientId, to, newSector });
    await confirm(host.context, yes, question(plan));
    // What was confirmed is done, or nothing: the revision is the one that the plan was made of.
    const { revision } = plan;
    const request = { clientId, to, newSector, revision, sectorChange: 'allowed' } as const;
    const done = await transferClient(workspace, request, { actor: workspace.actor, reason });
    host.output().result(transferView(done), text(done));
  });
}

function question({ clientId, from, to, fromSector, toSector, users }: Transfer): string {
  const whose = `Transfer the client "${clientId}" from the vendor "${from}" to "${to}"`;
  return fromSector === toSector
    ? `${whose}, with its sector "${fromSector}"? Users who keep their subject there: ${users}. Its tokens end.`
    : `${whose}, from the sector "${fromSector}" to "${toSector}"? Users whose subject changes: ${users}. Its tokens end.`;
}

function text({ clientId, from, to, fromSector, toSector, users }: Transfer): string {
  const sector =
    fromSector === toSector
      ? `its sector ${fromSector} went along; users who keep their sub: ${users}`
      : `moved from sector ${fromSector} to ${toSector}; users whose sub changes: ${users}`;
  return [
    `transferred client ${clientId} from ${from} to ${to}`,
    sector,
    'its tokens end; the former vendor still knows its secret or keys: change them next',
  ].join('\n');
}
