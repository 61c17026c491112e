import { CommanderError } from 'commander';
import { ConfigError } from '../config/error.ts';
import { AtRestError } from '../database/at-rest.ts';
import { isUnavailable } from '../database/connection.ts';
import { MasterKeyError } from '../database/keyring.ts';
import { SchemaError } from '../database/schema-error.ts';
import { Refusal } from '../errors.ts';
import { ThrottledError } from '../operations/lookup-admission.ts';
import { SaltMismatchError } from '../subjects/salts/store.ts';
import { SectorChangeError } from '../vendors/client-store.ts';
import { ConflictError, RegistrationError, UnknownError } from '../vendors/problem.ts';

/** The exit codes of design section 7. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  database: 3,
  conflict: 4,
  found: 5,
} as const;

/** A command that cannot go on, in words for the operator. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  readonly hint: string;
  readonly exit: number;

  constructor(failure: { code: string; message: string; hint: string; exit: number }) {
    super(failure.message);
    this.code = failure.code;
    this.hint = failure.hint;
    this.exit = failure.exit;
  }
}

/** How an error is told on the command line. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
}

/** Names every error that a command can end with; what is unknown keeps its message. */
export function tell(error: unknown): Told {
  if (error instanceof CommandError) {
    return { code: error.code, message: error.message, hint: error.hint, exit: error.exit };
  }
  if (error instanceof CommanderError) {
    return { ...usage(error), code: 'usage', exit: EXIT.usage };
  }
  if (error instanceof ConfigError) {
    const hint = 'Correct the variables named above; docs/configuration.md lists them all.';
    return { code: 'configuration', message: error.message, hint, exit: EXIT.usage };
  }
  if (error instanceof RegistrationError) {
    const hint = 'Nothing was changed. Correct the entries named above and run it again.';
    return { code: 'invalid_registration', message: error.message, hint, exit: EXIT.usage };
  }
  if (error instanceof UnknownError) {
    const hint = 'List what there is with `client list` or `vendor list`.';
    return { code: 'unknown', message: error.message, hint, exit: EXIT.failed };
  }
  if (error instanceof ConflictError || error instanceof SectorChangeError) {
    const hint = 'Nothing was changed. Look at the present state and decide again.';
    return { code: 'conflict', message: error.message, hint, exit: EXIT.conflict };
  }
  if (error instanceof ThrottledError) {
    const hint = 'Nothing was told. Wait for the next hour; the audit log has what was asked.';
    return { code: 'throttled', message: error.message, hint, exit: EXIT.failed };
  }
  if (error instanceof MasterKeyError || error instanceof SaltMismatchError) {
    const hint = 'The database belongs to other secrets than those configured.';
    return { code: 'secrets', message: error.message, hint, exit: EXIT.usage };
  }
  if (error instanceof SchemaError) {
    const hint = 'Run `pairwise-proxy migrate status` to see where it stands.';
    return { code: 'schema', message: error.message, hint, exit: EXIT.database };
  }
  if (error instanceof AtRestError) {
    const hint = 'Check that MASTER_KEY is the one this database was set up with.';
    return { code: 'secrets', message: error.message, hint, exit: EXIT.database };
  }
  if (
    isUnavailable(error) ||
    (error instanceof Refusal && error.reason === 'database_unavailable')
  ) {
    const message = 'The database cannot be reached.';
    const hint = 'Check DATABASE_URL and that the server is up.';
    return { code: 'database_unavailable', message, hint, exit: EXIT.database };
  }
  if (isTakenAddress(error)) {
    const message = `The address ${error.address}:${error.port} is taken by another process.`;
    const hint = 'Set PUBLIC_LISTEN and ADMIN_LISTEN to free addresses, or stop the other process.';
    return { code: 'address_taken', message, hint, exit: EXIT.failed };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'failed', message, hint: 'Nothing more is known.', exit: EXIT.failed };
}

function isTakenAddress(error: unknown): error is Error & { address: string; port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** Commander puts what would be right behind what is wrong, in brackets. */
function usage(error: CommanderError): { message: string; hint: string } {
  if (error.code === 'commander.help') {
    return { message: 'The command is not complete.', hint: 'See --help for what may follow.' };
  }
  const [, message = error.message, meant] =
    /^(?:error: )?(.*?)(?:\n\((Did you mean .*)\))?$/s.exec(error.message) ?? [];
  return { message, hint: meant ?? 'See --help.' };
}
