import { Command, InvalidArgumentError } from 'commander';
import {
  createMappingToken,
  listMappingTokens,
  revokeMappingToken,
} from '../../operations/mapping-tokens.ts';
import type { MappingToken } from '../../vendors/mapping-token-store.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';

interface CreateOptions {
  readonly days: number;
  readonly reason?: string;
}

/** `client mapping-token create|list|revoke`: what a vendor asks for new subjects with. */
export function mappingTokenCommand(host: CommandHost): Command {
  const token = new Command('mapping-token').description(
    'tokens with which a vendor asks for the new subjects of its users',
  );
  token
    .command('create')
    .description('give the vendor of a client a token; it is shown once')
    .argument('<client>', 'its client_id')
    .option('--days <number>', 'days until it expires, 1 to 90', number, 7)
    .option('--reason <text>', 'why; recorded')
    .option('--json', 'print one JSON object')
    .action((clientId: string, options: CreateOptions) => create(host, clientId, options));
  token
    .command('list')
    .description('list the tokens of a client, never what they are')
    .argument('<client>', 'its client_id')
    .option('--json', 'print one JSON object')
    .action((clientId: string) => list(host, clientId));
  token
    .command('revoke')
    .description('end a token')
    .argument('<client>', 'its client_id')
    .argument('<token>', 'the id of the token')
    .option('--json', 'print one JSON object')
    .action((clientId: string, id: string) => revoke(host, clientId, id));
  return token;
}

function create(
  host: CommandHost,
  clientId: string,
  { days, reason }: CreateOptions,
): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const by = { actor: workspace.actor, reason };
    const { token, ...row } = await createMappingToken(workspace, { clientId, days }, by);
    host.output().record({ ...view(row), token });
  });
}

function list(host: CommandHost, clientId: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const tokens = await listMappingTokens(workspace, clientId);
    host.output().list(tokens.map(view), ['id', 'client_id', 'created_at', 'expires_at']);
  });
}

function revoke(host: CommandHost, clientId: string, id: string): Promise<void> {
  return inWorkspace(host.context, async (workspace) => {
    const { actor } = workspace;
    await revokeMappingToken(workspace, { clientId, id }, { actor });
    host.output().result({ action: 'revoke', kind: 'token', id }, `revoked token ${id}`);
  });
}

function view({ id, clientId, createdAt, expiresAt }: MappingToken) {
  return { id, client_id: clientId, created_at: createdAt, expires_at: expiresAt };
}

function number(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number.');
}
