import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** Bytes; containers often give shared memory so little that a database does not fit. */
const ENOUGH = 1024 ** 3;

/** A new temporary folder, in memory where there is room: databases write to disk at every step. */
export async function scratchFolder(prefix: string): Promise<string> {
  const free = await statfs(MEMORY).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return mkdtemp(join(free > ENOUGH ? MEMORY : tmpdir(), prefix));
}
