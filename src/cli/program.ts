import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { adminTokenCommand } from './commands/admin-token.ts';
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit.ts';
import { clientCommand } from './commands/client.ts';
import { doctorCommand } from './commands/doctor.ts';
import { keysCommand } from './commands/keys.ts';
import { migrateCommand } from './commands/migrate.ts';
import { rolloutCommand } from './commands/rollout.ts';
import { saltCommand } from './commands/salt.ts';
import { sectorCommand } from './commands/sector.ts';
import { serveCommand } from './commands/serve.ts';
import { subjectCommand } from './commands/subject.ts';
import { vendorCommand } from './commands/vendor.ts';
import type { CliContext } from './context.ts';
import { EXIT, tell } from './failure.ts';
import type { CommandHost } from './host.ts';
import { Output } from './output.ts';

const COMMANDS = [
  ...[serveCommand, migrateCommand, doctorCommand, applyCommand],
  ...[vendorCommand, clientCommand, rolloutCommand, subjectCommand, sectorCommand],
  ...[saltCommand, keysCommand, auditCommand, adminTokenCommand],
];

/** Runs one command line; resolves with its exit code (design section 7). */
export async function runCli(context: CliContext): Promise<number> {
  let exitCode: number = EXIT.done;
  const json = context.argv.includes('--json');
  const output = new Output(context, json);
  const host: CommandHost = {
    context,
    output: () => output,
    exitWith: (code) => {
      exitCode = code;
    },
  };
  const program = new Command('pairwise-proxy')
    .description('Pairwise subject identifiers in front of a legacy OpenID Connect provider.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => {
        if (!json) context.stderr.write(text);
      },
    });
  for (const command of COMMANDS) {
    program.addCommand(command(host));
  }
  inherit(program);
  try {
    await program.parseAsync([...context.argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return conclude(error, output, json);
  }
}

/** Sub-commands are made on their own, so each has to be told what the program knows. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}

function conclude(error: unknown, output: Output, json: boolean): number {
  if (error instanceof CommanderError) {
    // Help and version have been printed already, and so has a usage error for people.
    if (error.exitCode === 0) return EXIT.done;
    if (json) output.error(tell(error));
    return EXIT.usage;
  }
  const told = tell(error);
  output.error(told);
  return told.exit;
}
