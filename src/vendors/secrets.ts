import type { Path, Problem } from './problem.ts';

/** Where secrets come from that an entry names instead of holding them. */
export interface SecretSources {
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  /** The contents of a file; throws where it cannot be read. */
  file(path: string): string;
}

interface SecretMembers {
  readonly client_secret?: string | undefined;
  readonly client_secret_env?: string | undefined;
  readonly client_secret_file?: string | undefined;
}

const MEMBERS = ['client_secret', 'client_secret_env', 'client_secret_file'] as const;

/** The secret of an entry, if it has one; at most one of the three members may give it. */
export function readSecret(
  entry: SecretMembers,
  sources: SecretSources,
  path: Path,
): { readonly secret: string | undefined; readonly problems: readonly Problem[] } {
  const given = MEMBERS.filter((member) => entry[member] !== undefined);
  const [member, ...others] = given;
  if (member === undefined) return { secret: undefined, problems: [] };
  const at = [...path, member];
  if (others.length > 0) {
    const wrong = `stands beside ${others.join(' and ')}`;
    return none({ path: at, wrong, right: 'give exactly one of them' });
  }
  if (member === 'client_secret') return { secret: entry.client_secret, problems: [] };
  const value = member === 'client_secret_env' ? fromEnvironment() : fromFile();
  if (value === undefined) {
    const right =
      member === 'client_secret_env'
        ? `set the environment variable ${entry.client_secret_env}`
        : `make ${entry.client_secret_file} a file that can be read`;
    return none({ path: at, wrong: 'gives no value', right });
  }
  if (!/^[\x20-\x7e]{1,1000}$/.test(value)) {
    const right = 'use 1 to 1000 printable ASCII characters (RFC 6749 appendix A)';
    return none({ path: at, wrong: 'gives a value that cannot be a secret', right });
  }
  return { secret: value, problems: [] };

  function fromEnvironment(): string | undefined {
    return sources.env(entry.client_secret_env ?? '');
  }

  // Editors and secret mounts end a file with a line break that is no part of the secret.
  function fromFile(): string | undefined {
    try {
      return sources.file(entry.client_secret_file ?? '').replace(/\r?\n$/, '');
    } catch {
      return undefined;
    }
  }
}

function none(problem: Problem) {
  return { secret: undefined, problems: [problem] };
}
