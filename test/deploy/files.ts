import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { parseAllDocuments } from 'yaml';

import { isSecret, VARIABLE_NAMES } from '../../src/config/variables.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url);

/** The path of a file below `deploy/`. */
export function pathOf(file: string): string {
  return fileURLToPath(new URL(file, DEPLOY));
}

export function textOf(file: string): Promise<string> {
  return readFile(pathOf(file), 'utf8');
}

/** Every document of a YAML file, with merge keys resolved as compose does. */
export async function documentsOf(file: string): Promise<readonly unknown[]> {
  return parseAllDocuments(await textOf(file), { merge: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return document.toJS() as unknown;
  });
}

/** The YAML files of a folder below `deploy/`. */
export async function yamlFilesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(pathOf(folder));
  return names.filter((name) => name.endsWith('.yaml')).map((name) => `${folder}/${name}`);
}

/** Every name that the proxy reads from its environment, with the `_FILE` forms of secrets. */
export const KNOWN_VARIABLES: ReadonlySet<string> = new Set(
  VARIABLE_NAMES.flatMap((name) => (isSecret(name) ? [name, `${name}_FILE`] : [name])),
);
