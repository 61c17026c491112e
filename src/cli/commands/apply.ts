import { Command } from 'commander';
import { applyDocument } from '../../operations/apply-registrations.ts';
import { planView } from '../../operations/registry-view.ts';
import { readApplyDocument } from '../../vendors/apply-document.ts';
import type { Plan } from '../../vendors/apply.ts';
import { inWorkspace } from '../context.ts';
import { readInput, secretSources } from '../entry.ts';
import type { CommandHost } from '../host.ts';
import { inRegistry } from '../registry-context.ts';

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly allowSectorChange?: boolean;
}

/** `apply -f FILE`: vendors and clients from a YAML document, all of it or nothing. */
export function applyCommand(host: CommandHost): Command {
  return new Command('apply')
    .description('create and update vendors and clients from a YAML file')
    .requiredOption('-f, --file <file>', 'the YAML file; - for standard input')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--allow-sector-change', 'let a client leave its sector, which changes its users’ sub')
    .option('--json', 'print one JSON object')
    .action(async (options: ApplyOptions) => {
      const yaml = await readInput(host.context, options.file);
      const plan = await inWorkspace(host.context, (workspace) =>
        inRegistry(workspace, (registry) => {
          const registrations = readApplyDocument(yaml, secretSources(host.context));
          const sectorChange = options.allowSectorChange === true ? 'allowed' : 'refused';
          const purpose = options.dryRun === true ? 'plan' : 'apply';
          const { actor } = workspace;
          return applyDocument(registry, { registrations, purpose, sectorChange }, { actor });
        }),
      );
      const dryRun = options.dryRun === true;
      host.output().result({ dry_run: dryRun, ...planView(plan) }, described(plan, dryRun));
    });
}

function described(plan: Plan, dryRun: boolean): string {
  const lines = plan.changes.map(({ action, kind, id, fields }) => {
    const which = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
    return `${action} ${kind} ${id}${which}`;
  });
  for (const move of plan.sectorMoves) {
    const { clientId, from, to, users } = move;
    lines.push(`client ${clientId} moves from sector ${from} to ${to}: ${users} users change sub`);
  }
  for (const { clientId, document, recorded } of plan.differences) {
    lines.push(
      `client ${clientId} is in phase ${recorded}, the file says ${document}; use rollout`,
    );
  }
  for (const { wrong, right } of plan.warnings) lines.push(`warning: ${wrong}; ${right}`);
  if (dryRun) lines.push('dry run: nothing was changed');
  return lines.join('\n');
}
