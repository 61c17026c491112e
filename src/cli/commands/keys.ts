import { Command, Option } from 'commander';
import { readSigningKeys } from '../../database/signing-keys.ts';
import { rewrapMasterKey } from '../../operations/rewrap-master-key.ts';
import { rotateKeys, SIGNING_ALGORITHMS } from '../../signing/upkeep.ts';
import type { SigningAlgorithm } from '../../tokens/algorithms.ts';
import type { Workspace } from '../context.ts';
import { inWorkspace } from '../context.ts';
import type { CommandHost } from '../host.ts';
import { keyView } from '../../operations/key-view.ts';

interface RotateOptions {
  readonly alg?: SigningAlgorithm;
  readonly master?: boolean;
}

const COLUMNS = ['kid', 'alg', 'state', 'created_at', 'signs_from', 'signed_until'];

/** `keys rotate|list`. */
export function keysCommand(host: CommandHost): Command {
  const keys = new Command('keys').description('the keys that sign, and the key that wraps');
  keys
    .command('rotate')
    .description('publish the next signing keys; each signs 10 minutes later')
    .addOption(new Option('--alg <alg>', 'of this algorithm alone').choices(SIGNING_ALGORITHMS))
    .addOption(
      new Option(
        '--master',
        'wrap the roots under MASTER_KEY that are still under MASTER_KEY_PREVIOUS',
      ).conflicts('alg'),
    )
    .option('--json', 'print one JSON object')
    .action((options: RotateOptions) =>
      inWorkspace(host.context, (workspace) =>
        options.master === true ? rewrap(host, workspace) : rotate(host, workspace, options.alg),
      ),
    );
  keys
    .command('list')
    .description('list the signing keys')
    .option('--json', 'print one JSON object')
    .action(() =>
      inWorkspace(host.context, async ({ db, atRest, clock }) => {
        const rows = await readSigningKeys(db, atRest);
        host.output().list(
          rows.map((row) => keyView(row, clock())),
          COLUMNS,
        );
      }),
    );
  return keys;
}

async function rotate(
  host: CommandHost,
  { db, atRest, clock, actor }: Workspace,
  alg: SigningAlgorithm | undefined,
): Promise<void> {
  const algorithms = alg === undefined ? SIGNING_ALGORITHMS : [alg];
  const changed = await rotateKeys({ db, atRest, clock }, algorithms, { actor });
  const rows = await readSigningKeys(db, atRest);
  const next = rows
    .filter((row) => row.state === 'next' && algorithms.some((each) => each === row.alg))
    .map((row) => keyView(row, clock()));
  const lines = next.map(({ kid, alg: of, signs_from: from }) => {
    return `${String(of)} ${String(kid)} is published and signs from ${(from as Date).toISOString()}`;
  });
  const done = next.length === 0 ? 'the first keys were made, and sign at once' : 'rotation begun';
  const begun = changed ? done : 'a rotation is under way already';
  host.output().result({ changed, next }, [begun, ...lines].join('\n'));
}

async function rewrap(host: CommandHost, workspace: Workspace): Promise<void> {
  const { config, actor } = workspace;
  const rewrapped = await rewrapMasterKey(workspace, config.secrets, { actor });
  const text =
    rewrapped === 0
      ? 'nothing to do: every root is wrapped under MASTER_KEY'
      : `roots that are now wrapped under MASTER_KEY: ${rewrapped}; MASTER_KEY_PREVIOUS can go once ` +
        'every replica runs with the new key';
  host.output().result({ rewrapped }, text);
}
