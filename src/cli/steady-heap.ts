import { setFlagsFromString } from 'node:v8';

/**
 * Lets the collector work early for the rest of this process: a command that reads a
 * file of millions of lines leaves nothing but garbage behind, and on a machine with
 * memory to spare V8 would let that lie.
 */
export function keepHeapSmall(): void {
  // Young garbage is collected where it is, not given more room to gather in.
  setFlagsFromString('--semi-space-growth-factor=1');
  // The old generation is collected when it has doubled, not at several times its size.
  setFlagsFromString('--heap-growing-percent=100');
}
