import { dirname, join } from 'node:path';

import { isLoopback } from './addresses.ts';
import { failureOf } from './environment.ts';
import type { Environment } from './environment.ts';
import { readOrCreateKeyFile } from './key-file.ts';
import { KEY_BYTES, keyBytes, saltText } from './keys.ts';
import type { Reader } from './reading.ts';
import type { Values } from './rules.ts';
import type { Config } from './types.ts';

/** A secret without which the proxy does not start. */
interface RootSecret {
  readonly variable: 'MASTER_KEY' | 'PAIRWISE_SALT';
  /** Its file's name beside the database. */
  readonly file: string;
  readonly reader: Reader<Uint8Array>;
}

/**
 * The secrets from which all else is derived. With SQLite and a loopback issuer a
 * missing one is created beside the database; anywhere else it is a mistake: a
 * service that made up its secrets would give every user a new pseudonym when it
 * moves. Nothing is created while there is any other mistake.
 */
export function readRootSecrets(
  environment: Environment,
  values: Values,
): Config['secrets'] | undefined {
  const master = { variable: 'MASTER_KEY', file: 'master.key', reader: keyBytes } as const;
  const salt = {
    variable: 'PAIRWISE_SALT',
    file: 'pairwise.salt',
    // The formula of `oidc-sha256` concatenates text; the other algorithms take a key.
    reader: values.PSEUDONYM_ALGORITHM === 'oidc-sha256' ? saltText : keyBytes,
  } as const;
  const given = [values.MASTER_KEY, environment.read('PAIRWISE_SALT', salt.reader)];
  if (!mayCreate(values)) reportMissing(environment, [master, salt]);
  if (environment.problems.length > 0 || values.DATABASE_URL?.dialect !== 'sqlite') {
    return completed(given, values);
  }
  const folder = dirname(values.DATABASE_URL.file);
  const all = [master, salt].map(
    (secret, index) => given[index] ?? fromFolder(environment, secret, folder),
  );
  return completed(all, values);
}

/** Whether missing secrets may be created, as far as the readable values tell. */
function mayCreate({ DATABASE_URL, ISSUER }: Values): boolean {
  if (DATABASE_URL !== undefined && DATABASE_URL.dialect !== 'sqlite') return false;
  return ISSUER === undefined || isLoopback(new URL(ISSUER));
}

function reportMissing(environment: Environment, secrets: readonly RootSecret[]): void {
  for (const { variable } of secrets.filter((secret) => !environment.isSet(secret.variable))) {
    environment.report(
      variable,
      'is not set',
      `set it, or ${variable}_FILE, to ${KEY_BYTES} random bytes or more as base64url; only with SQLite and a loopback ISSUER is it created`,
    );
  }
}

function fromFolder(
  environment: Environment,
  { variable, file: name, reader }: RootSecret,
  folder: string,
): Uint8Array | undefined {
  const file = join(folder, name);
  try {
    const reading = reader(readOrCreateKeyFile(file));
    if (reading.ok) return reading.value;
    environment.report(
      variable,
      `is not set, and the content of ${file} ${reading.problem}`,
      'restore the file from a backup; a new one cannot open what the old one has sealed',
    );
  } catch (error) {
    environment.report(
      variable,
      `is not set, and ${file} can be neither read nor created (${failureOf(error)})`,
      `set ${variable}, or let this process write to ${folder}`,
    );
  }
  return undefined;
}

function completed(
  [masterKey, pairwiseSalt]: readonly (Uint8Array | undefined)[],
  values: Values,
): Config['secrets'] | undefined {
  if (masterKey === undefined || pairwiseSalt === undefined) return undefined;
  return { masterKey, masterKeyPrevious: values.MASTER_KEY_PREVIOUS, pairwiseSalt };
}
