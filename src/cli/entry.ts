import { readFileSync } from 'node:fs';
import { patched } from '../vendors/merge-patch.ts';
import { RegistrationError, type Problem } from '../vendors/problem.ts';
import type { SecretSources } from '../vendors/secrets.ts';
import { readYaml } from '../vendors/yaml-document.ts';
import type { CliContext } from './context.ts';
import { CommandError, EXIT } from './failure.ts';

/** One entry as the command line gave it: a file, options, or both; an option wins. */
export interface GivenEntry {
  readonly members: Readonly<Record<string, unknown>>;
  readonly sources: SecretSources;
  readonly located?: (problem: Problem) => Problem;
}

/** Where an entry's secrets come from: the environment and files of this command. */
export function secretSources(context: CliContext): SecretSources {
  return {
    env: (name) => context.environment[name],
    file: (path) => readFileSync(path, 'utf8'),
  };
}

/** Reads the text of a file, or of standard input for `-`. Errors: `file_unreadable` (exit 2). */
export async function readInput(context: CliContext, file: string): Promise<string> {
  try {
    if (file !== '-') return readFileSync(file, 'utf8');
    const chunks: Buffer[] = [];
    for await (const chunk of context.stdin) chunks.push(Buffer.from(chunk as Uint8Array | string));
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw new CommandError({
      code: 'file_unreadable',
      message: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Name a file that this user may read, or - for standard input.',
      exit: EXIT.usage,
    });
  }
}

/** An entry from `--file` and from options that name members. */
export async function givenEntry(
  context: CliContext,
  file: string | undefined,
  options: Readonly<Record<string, unknown>>,
): Promise<GivenEntry> {
  const sources = secretSources(context);
  if (file === undefined) return { members: options, sources };
  const { value, located } = readYaml(await readInput(context, file));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const wrong = 'is not one entry';
    const right = 'write its members, as in "client_id: acme-web"; for whole documents use apply';
    throw new RegistrationError([{ path: [], wrong, right }]);
  }
  return { members: patched({ ...value }, options), sources, located };
}
