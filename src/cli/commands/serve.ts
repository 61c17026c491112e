import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { createLogger } from '../../observability/logger.ts';
import type { CommandHost } from '../host.ts';

/** `serve`: runs the proxy until a signal ends it; logs to stdout. */
export function serveCommand(host: CommandHost): Command {
  const { context } = host;
  return new Command('serve').description('run the proxy').action(async () => {
    const config = loadConfig(context.environment);
    const log = createLogger({ level: config.logLevel, destination: context.stdout });
    host.exitWith(await context.serve(config, log));
  });
}
