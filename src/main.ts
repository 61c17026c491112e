import { runCli } from './cli/program.ts';
import { readEnvironment } from './config/process.ts';
import { serve } from './serve.ts';

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  environment: readEnvironment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  serve,
});
