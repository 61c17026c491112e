import { readFileSync } from 'node:fs';

import type { ConfigProblem } from './error.ts';
import type { Reader } from './reading.ts';
import { VARIABLES, fallbackOf, isSecret } from './variables.ts';
import type { ValueOf, VariableName } from './variables.ts';

/** The variables as the process was given them. */
export type EnvironmentRecord = Readonly<Record<string, string | undefined>>;

/** A text, and the name under which the operator gave it. */
interface Source {
  readonly variable: string;
  readonly text: string;
}

/** Reads variables and gathers every mistake on the way, so that all are told at once. */
export class Environment {
  readonly problems: ConfigProblem[] = [];
  readonly #record: EnvironmentRecord;

  constructor(record: EnvironmentRecord) {
    this.#record = record;
  }

  /** The value of a variable; undefined when it is not set or could not be read. */
  value<Name extends VariableName>(name: Name): ValueOf<Name> | undefined {
    return this.read(name, VARIABLES[name].reader as Reader<ValueOf<Name>>);
  }

  /** As {@link value}, by a reader that depends on something else than the name. */
  read<T>(name: VariableName, reader: Reader<T>): T | undefined {
    const source = this.#source(name);
    if (source === undefined) return undefined;
    const reading = reader(source.text);
    if (reading.ok) return reading.value;
    this.report(source.variable, reading.problem, reading.hint);
    return undefined;
  }

  /** Whether the operator gave the variable, directly or as a file. */
  isSet(name: VariableName): boolean {
    return this.#text(name) !== undefined || this.#fileOf(name) !== undefined;
  }

  report(variable: string, problem: string, hint: string): void {
    this.problems.push({ variable, problem, hint });
  }

  #source(name: VariableName): Source | undefined {
    const text = this.#text(name);
    const file = this.#fileOf(name);
    if (text !== undefined && file !== undefined) {
      this.report(name, `and ${name}_FILE are both set`, 'set only one of them');
      return undefined;
    }
    if (file !== undefined) return this.#fromFile(`${name}_FILE`, file);
    const given = text ?? fallbackOf(name);
    return given === undefined ? undefined : { variable: name, text: given };
  }

  #fromFile(variable: string, file: string): Source | undefined {
    try {
      const bytes = readFileSync(file);
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      const secret = withoutLineEnd(text);
      if (secret !== '') return { variable, text: secret };
      this.report(variable, 'names an empty file', 'write the secret into the file');
    } catch (error) {
      const why = error instanceof TypeError ? 'is not UTF-8 text' : failureOf(error);
      this.report(
        variable,
        `names a file that cannot be read (${why})`,
        'name a file that this process may read and that holds the secret alone',
      );
    }
    return undefined;
  }

  /** White space around a value is never meant, except in a secret, which is taken as it is. */
  #text(name: VariableName): string | undefined {
    const given = this.#record[name];
    if (given === undefined || given.trim() === '') return undefined;
    return isSecret(name) ? given : given.trim();
  }

  #fileOf(name: VariableName): string | undefined {
    if (!isSecret(name)) return undefined;
    const file = this.#record[`${name}_FILE`]?.trim();
    return file === '' ? undefined : file;
  }
}

/** A secret's text without the one line end that editors and `echo` leave behind. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** The error code of a failed file operation, such as `ENOENT`. */
export function failureOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
