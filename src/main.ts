import { runCli } from './cli/program.ts';
import { readEnvironment } from './config/process.ts';

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  environment: readEnvironment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  // Commands start without all that only `serve` needs.
  serve: async (...given) => (await import('./serve.ts')).serve(...given),
});
