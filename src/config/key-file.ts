import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { failureOf, withoutLineEnd } from './environment.ts';
import { KEY_BYTES } from './keys.ts';

/**
 * The text of a key file, which is created with 32 random bytes (base64url, mode
 * 0600) when it is not there. The new file appears under its name whole or not at
 * all, and the first one stays: processes that start at once read the same key.
 * Throws what the file system throws.
 */
export function readOrCreateKeyFile(file: string): string {
  return readKey(file) ?? createKey(file);
}

function readKey(file: string): string | undefined {
  try {
    return withoutLineEnd(readFileSync(file, 'utf8'));
  } catch (error) {
    if (failureOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A hard link, unlike a rename, fails where the name is taken: the loser of a race reads the winner's. */
function createKey(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    writeDurably(draft, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
    linkUnlessTaken(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(file));
  return withoutLineEnd(readFileSync(file, 'utf8'));
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function linkUnlessTaken(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (failureOf(error) !== 'EEXIST') throw error;
  }
}

/** The new name must survive a power cut as surely as what it will have encrypted. */
function syncFolder(folder: string): void {
  // Windows opens no folders, and needs no sync for their entries.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
