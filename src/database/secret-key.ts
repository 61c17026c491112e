import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const ready = new WeakMap<Uint8Array, KeyObject>();

/** A root as a key that is ready for use; making it anew each time costs more than what it is for. */
export function secretKey(root: Uint8Array): KeyObject {
  const known = ready.get(root);
  if (known !== undefined) return known;
  const key = createSecretKey(root);
  ready.set(root, key);
  return key;
}
