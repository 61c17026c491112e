import type { Path, Problem } from './problem.ts';

/** Where secrets come from that an entry names instead of holding them. */
export interface SecretSources {
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  /** The contents of a file; throws where it cannot be read. */
  file(path: string): string;
}

type SecretMember = 'client_secret' | 'authorization_header';

/** A secret itself, or where it is. */
type SecretMembers<Name extends SecretMember> = {
  readonly [Member in Name | `${Name}_env` | `${Name}_file`]?: string | undefined;
};

interface ReadSecret {
  readonly secret: string | undefined;
  readonly problems: readonly Problem[];
}

/** The secret of an entry, if it has one; at most one of the three members may give it. */
export function readSecret(
  entry: SecretMembers<'client_secret'>,
  sources: SecretSources,
  path: Path,
): ReadSecret {
  return readNamed('client_secret', entry, sources, path);
}

/** The header that events are pushed with, given as a client secret is. */
export function readEventsHeader(
  entry: SecretMembers<'authorization_header'>,
  sources: SecretSources,
  path: Path,
): ReadSecret {
  return readNamed('authorization_header', entry, sources, path);
}

function readNamed(
  name: SecretMember,
  entry: Readonly<Record<string, string | undefined>>,
  sources: SecretSources,
  path: Path,
): ReadSecret {
  const fromVariable = `${name}_env`;
  const fromPath = `${name}_file`;
  const given = [name, fromVariable, fromPath].filter((member) => entry[member] !== undefined);
  const [member, ...others] = given;
  if (member === undefined) return { secret: undefined, problems: [] };
  const at = [...path, member];
  if (others.length > 0) {
    const wrong = `stands beside ${others.join(' and ')}`;
    return none({ path: at, wrong, right: 'give exactly one of them' });
  }
  if (member === name) return { secret: entry[name], problems: [] };
  const value = member === fromVariable ? fromEnvironment() : fromFile();
  if (value === undefined) {
    const right =
      member === fromVariable
        ? `set the environment variable ${entry[fromVariable]}`
        : `make ${entry[fromPath]} a file that can be read`;
    return none({ path: at, wrong: 'gives no value', right });
  }
  if (!/^[\x20-\x7e]{1,1000}$/.test(value)) {
    const right = 'use 1 to 1000 printable ASCII characters (RFC 6749 appendix A)';
    return none({ path: at, wrong: 'gives a value that cannot be a secret', right });
  }
  return { secret: value, problems: [] };

  function fromEnvironment(): string | undefined {
    return sources.env(entry[fromVariable] ?? '');
  }

  // Editors and secret mounts end a file with a line break that is no part of the secret.
  function fromFile(): string | undefined {
    try {
      return sources.file(entry[fromPath] ?? '').replace(/\r?\n$/, '');
    } catch {
      return undefined;
    }
  }
}

function none(problem: Problem) {
  return { secret: undefined, problems: [problem] };
}
