import { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { LogLevel } from '../../observability/log-level.ts';
import { createLogger } from '../../observability/logger.ts';
import type { CommandHost } from '../host.ts';

/** `serve`: runs the proxy until a signal ends it; logs to stdout. */
export function serveCommand(host: CommandHost): Command {
  const { context } = host;
  return new Command('serve').description('run the proxy').action(async () => {
    const config = loadConfig(context.environment);
    const level = new LogLevel(config.logLevel);
    const log = createLogger({ level, destination: context.stdout });
    host.exitWith(await context.serve(config, log, level));
  });
}
