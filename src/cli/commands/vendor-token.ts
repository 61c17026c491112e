import { Command, InvalidArgumentError } from 'commander';
import {
  createInitialToken,
  listInitialTokens,
  revokeInitialToken,
} from '../../operations/initial-tokens.ts';
import type { InitialToken } from '../../vendors/registration-store.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

/** `vendor token create|list|revoke`: what vendors register clients with. */
export function vendorTokenCommand(host: CommandHost): Command {
  const token = new Command('token').description('tokens with which a vendor registers clients');
  token
    .command('create')
    .description('give a vendor a token; it is shown once')
    .argument('<vendor>', 'its id')
    .option('--uses <number>', 'registrations that it is good for', number, 1)
    .option('--days <number>', 'days until it expires', number, 7)
    .option('--json', 'print one JSON object')
    .action((vendorId: string, options: { uses: number; days: number }) =>
      create(host, vendorId, options),
    );
  token
    .command('list')
    .description('list the tokens of a vendor, never what they are')
    .argument('<vendor>', 'its id')
    .option('--json', 'print one JSON object')
    .action((vendorId: string) => list(host, vendorId));
  token
    .command('revoke')
    .description('end a token; clients that it registered stay')
    .argument('<vendor>', 'its id')
    .argument('<token>', 'the id of the token')
    .option('--json', 'print one JSON object')
    .action((vendorId: string, id: string) => revoke(host, vendorId, id));
  return token;
}

function create(
  host: CommandHost,
  vendorId: string,
  { uses, days }: { uses: number; days: number },
): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    const { token, ...row } = await createInitialToken(
      workspace,
      { vendorId, uses, days },
      { actor },
    );
    host.output().record({ ...view(row), token });
  });
}

function list(host: CommandHost, vendorId: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const tokens = await listInitialTokens(workspace, vendorId);
    host.output().list(tokens.map(view), ['id', 'uses_left', 'created_at', 'expires_at']);
  });
}

function revoke(host: CommandHost, vendorId: string, id: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    await revokeInitialToken(workspace, { vendorId, id }, { actor });
    host.output().result({ action: 'revoke', kind: 'token', id }, `revoked token ${id}`);
  });
}

function view({ id, vendorId, usesLeft, createdAt, expiresAt }: InitialToken) {
  return {
    ...{ id, vendor: vendorId, uses_left: usesLeft },
    ...{ created_at: createdAt, expires_at: expiresAt },
  };
}

function number(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number.');
}
