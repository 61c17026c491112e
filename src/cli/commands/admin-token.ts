import { Command, InvalidArgumentError, Option } from 'commander';
import {
  ADMIN_SCOPES,
  createAdminToken,
  listAdminTokens,
  revokeAdminToken,
} from '../../operations/admin-tokens.ts';
import { adminTokenView } from '../../operations/admin-token-view.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

interface CreateOptions {
  readonly scope: readonly string[];
  readonly days: number;
  readonly reason?: string;
}

const COLUMNS = ['name', 'scopes', 'created_at', 'expires_at', 'revoked_at', 'last_used'];

/** `admin-token create|list|revoke`: who may use the admin API. */
export function adminTokenCommand(host: CommandHost): Command {
  const token = new Command('admin-token').description('tokens for the admin API');
  token
    .command('create')
    .description('make a token; it is shown once')
    .argument('<name>', 'what it is called in the audit log; each name is given once')
    .addOption(
      new Option('--scope <scope...>', 'what it is for: to look, to change, to see users')
        .choices(ADMIN_SCOPES)
        .makeOptionMandatory(),
    )
    .option('--days <number>', 'days until it expires', days, 90)
    .option('--reason <text>', 'why; recorded')
    .option('--json', 'print one JSON object')
    .action((name: string, options: CreateOptions) => create(host, name, options));
  token
    .command('list')
    .description('list all tokens, never what they are')
    .option('--json', 'print one JSON object')
    .action(() => list(host));
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<name>', 'its name')
    .option('--reason <text>', 'why; recorded')
    .option('--json', 'print one JSON object')
    .action((name: string, options: { reason?: string }) => revoke(host, name, options.reason));
  return token;
}

function create(
  host: CommandHost,
  name: string,
  { scope: scopes, days: forDays, reason }: CreateOptions,
): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const by = { actor: workspace.actor, reason };
    const made = await createAdminToken(workspace, { name, scopes, days: forDays }, by);
    host.output().record({ ...adminTokenView(made), token: made.token });
  });
}

function list(host: CommandHost): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    host.output().list((await listAdminTokens(workspace)).map(adminTokenView), COLUMNS);
  });
}

function revoke(host: CommandHost, name: string, reason: string | undefined): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    await revokeAdminToken(workspace, name, { actor: workspace.actor, reason });
    host.output().result({ action: 'revoke', kind: 'admin_token', name }, `revoked token ${name}`);
  });
}

function days(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Give a whole number of days.');
}
